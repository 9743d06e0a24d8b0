/**
 * Crash test: `npm run test:crash -- --rounds 50 [--seed N]`. Rounds of writing, SIGKILL and comparing every row with a model,
 * then damage to the log, a full disk, and iterators over a restart. Everything random comes from the seed.
 */
import { parseArgs } from 'node:util';
import { build } from '../../scripts/build.ts';
import { fullDisk } from './fullDisk.ts';
import { iteratorOverRestart } from './iteratorOverRestart.ts';
import { damagedLast, damagedMiddle, tornTail } from './logDamage.ts';
import { runRounds } from './rounds.ts';

/** Resolves with why it could not be run here; undefined = it was. */
type Case = () => Promise<string | undefined>;

const LINES_MAX = 50;

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } });
const rounds = wholeNumber('rounds', values.rounds, 5);
const seed = wholeNumber('seed', values.seed, Math.floor(Math.random() * 2 ** 31));

const CASES: Readonly<Record<string, Case>> = {
  'bytes behind the last record: nothing is lost': async () => void (await tornTail(seed)),
  'a damaged record that others follow: named, the other channel served, repaired': async () =>
    void (await damagedMiddle()),
  'the last record damaged: only that goes, and is named': async () => void (await damagedLast()),
  'a full disk: refused, nothing lost, goes on when there is room': fullDisk,
  'iterators of 100 pages over writes, flushes, compactions and restarts': async () =>
    void (await iteratorOverRestart(seed)),
};

function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} wants a whole number, got ${text}`);
  return value;
}

async function runCase(name: string, run: Case): Promise<boolean> {
  const startMs = performance.now();
  try {
    const notRun = await run();
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(notRun === undefined ? `ok       ${name} (${seconds} s)` : `not run  ${name}: ${notRun}`);
    return true;
  } catch (error) {
    console.error(`FAILED   ${name}:`, error);
    return false;
  }
}

await build(false);
console.log(`crash test: seed ${seed}, ${rounds} rounds`);
const startMs = performance.now();
const result = await runRounds(seed, rounds);
for (const line of result.wrong.slice(0, LINES_MAX)) console.error(`WRONG ${line}`);
if (result.wrong.length > LINES_MAX) console.error(`… and ${result.wrong.length - LINES_MAX} more`);
let failed = 0;
for (const [name, run] of Object.entries(CASES)) if (!(await runCase(name, run))) failed++;
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(
  `seed ${seed}: ${result.rounds} rounds, ${result.acknowledged} operations acknowledged, ${result.unknown} unknown, ` +
    `${result.wrong.length} wrong; ${Object.keys(CASES).length} cases, ${failed} failed; ${seconds} s`,
);
process.exitCode = result.wrong.length === 0 && failed === 0 ? 0 : 1;
