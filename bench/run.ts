/**
 * The goals of speed and memory, measured: `npm run bench [-- names] [--quick] [--elanus] [--latest]`.
 * Names choose figures; --quick measures once, --elanus leaves the other servers out, --latest also writes the summary that
 * is kept in the repository. Every run leaves its JSON in bench/results/. With the first name `wal` or `object` it measures
 * the storage adapters instead: bench/storage/runStorage.ts.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Judge } from './data/exact.ts';
import { readPackages } from './data/packages.ts';
import type { Figure, Measured } from './figures/figure.ts';
import { figures } from './figures/figures.ts';
import { goals } from './figures/goals.ts';
import { elanus } from './peers/elanus.ts';
import { milvus } from './peers/milvus.ts';
import { milvusLite2, milvusLite3 } from './peers/milvusLite.ts';
import type { System } from './peers/system.ts';
import { isMet, machineOf, machineText, notes, type SystemResult, table } from './report.ts';
import { Session } from './session.ts';

const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));
const DOCUMENT = new URL('../docs/performance.md', import.meta.url);

interface Entry {
  readonly system: System;
  readonly notRun: string | undefined;
  readonly session: Session | undefined;
  readonly measured: Record<string, Measured>;
  readonly failures: Record<string, string>;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, elanus: { type: 'boolean' }, latest: { type: 'boolean' } },
  });
  const [bench, ...names] = positionals;
  if (bench === 'wal' || bench === 'object') {
    const { runStorage } = await import('./storage/runStorage.ts');
    const { quick = false, latest = false } = values;
    return runStorage({ bench, names, quick, latest, resultsFolder: RESULTS });
  }
  const chosen = chooseFigures(positionals);
  const data = readPackages();
  const judge = new Judge(data);
  mkdirSync(RESULTS, { recursive: true });
  const machine = machineOf(RESULTS);
  console.log(`data: ${data.source}\nmachine: ${JSON.stringify(machine)}`);
  const systems = values.elanus === true ? [elanus()] : [elanus(), milvus, milvusLite3, milvusLite2];
  const entries: Entry[] = [];
  for (const system of systems) {
    const notRun = await system.prepare();
    if (notRun !== undefined) console.log(`${system.name}: not run: ${notRun}`);
    const session =
      notRun === undefined ? new Session(system, data, judge, values.quick === true) : undefined;
    entries.push({ system, notRun, session, measured: {}, failures: {} });
  }
  try {
    for (const figure of chosen) for (const entry of entries) await measure(figure, entry);
  } finally {
    for (const { session } of entries) await session?.end();
  }
  const results = entries.map(resultOf);
  const report = {
    at: new Date().toISOString(),
    data: data.source,
    machine,
    quick: values.quick === true,
    results,
  };
  const text = `${JSON.stringify(report, undefined, 2)}\n`;
  writeFileSync(`${RESULTS}${report.at.replaceAll(':', '-')}.json`, text);
  const summary = `${table(results)}\n\n${notes(results)}`;
  if (values.latest === true) {
    writeFileSync(`${RESULTS}latest.json`, text);
    const head = `${report.at.slice(0, 10)}, ${data.source}, ${machineText(machine)}${report.quick ? ', one round each' : ''}.`;
    writeTable(`${head}\n\n${summary}`);
  }
  console.log(`\n${summary}`);
  return exitCode(results);
}

/** Puts the table into the document, between its marks. */
function writeTable(text: string): void {
  const [before, rest] = readFileSync(DOCUMENT, 'utf8').split('<!-- table -->\n');
  const after = rest?.split('<!-- /table -->')[1];
  if (after === undefined) throw new Error('docs/performance.md has no place for the table');
  writeFileSync(DOCUMENT, `${before}<!-- table -->\n${text}\n<!-- /table -->${after}`);
}

function chooseFigures(names: readonly string[]): readonly Figure[] {
  const unknown = names.filter((name) => !figures.some((figure) => figure.name === name));
  if (unknown.length > 0) {
    const known = figures.map(({ name }) => name).join(', ');
    throw new Error(`unknown: ${unknown.join(', ')}; there are ${known}`);
  }
  return names.length === 0 ? figures : figures.filter(({ name }) => names.includes(name));
}

/** A figure that fails is told, and the others go on. */
async function measure(figure: Figure, entry: Entry): Promise<void> {
  const { system, session } = entry;
  if (session === undefined || (!figure.withPeers && !system.isElanus)) return;
  const beganMs = performance.now();
  try {
    for (const measured of await figure.run(session)) {
      if (goals[measured.key] === undefined) throw new Error(`${measured.key} is no key of the table`);
      entry.measured[measured.key] = measured;
    }
  } catch (error) {
    entry.failures[figure.name] = error instanceof Error ? error.message : String(error);
    console.error(error);
  }
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
  const values = Object.values(entry.measured);
  const last = values.at(-1);
  console.log(
    `${figure.name}, ${system.name}: ${seconds} s${last === undefined ? '' : `, ${last.key} ${last.value}`}`,
  );
}

function resultOf({ system, measured, failures, notRun }: Entry): SystemResult {
  return { name: system.name, isElanus: system.isElanus, measured, failures, notRun };
}

/** 1 when Elanus failed a figure; missed goals are in the table and leave 0, since machines differ. */
function exitCode(results: readonly SystemResult[]): number {
  const elanusResult = results.find(({ isElanus }) => isElanus)!;
  const keys = Object.keys(elanusResult.measured);
  const missed = keys.filter((key) => isMet(key, results) === false);
  console.log(`\n${keys.length} figures of Elanus, ${missed.length} goals missed: ${missed.join(', ')}`);
  return Object.keys(elanusResult.failures).length > 0 ? 1 : 0;
}

// The servers end with this process.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.exitCode = await main();
