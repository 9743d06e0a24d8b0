/** `npm run bench -- wal` and `-- object`: storage adapters beside the bare clients of their servers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineOf } from '../report.ts';
import { FULL, QUICK } from './extent.ts';
import { objectSubjects } from './object/objectSubjects.ts';
import { type StorageReport, type SubjectResult, textOf, writeDocument } from './storageReport.ts';
import type { StorageSubject } from './subject.ts';
import { walSubjects } from './wal/walSubjects.ts';

export type StorageBench = 'wal' | 'object';

const SUBJECTS: Readonly<Record<StorageBench, readonly StorageSubject[]>> = {
  wal: walSubjects,
  object: objectSubjects,
};

export interface StorageOptions {
  readonly bench: StorageBench;
  /** Parts of the names of adapters and servers; none = all. */
  readonly names: readonly string[];
  readonly quick: boolean;
  /** Also writes the summary that is kept, and the document. */
  readonly latest: boolean;
  /** Of bench/results/. */
  readonly resultsFolder: string;
}

/** Resolves with the exit code: 1 when an adapter failed; missed goals are in the table and leave 0. */
export async function runStorage(options: StorageOptions): Promise<number> {
  const { bench, names, quick, latest, resultsFolder } = options;
  if (latest && names.length > 0) throw new Error('--latest is for all adapters');
  const chosen = choose(SUBJECTS[bench], names);
  mkdirSync(resultsFolder, { recursive: true });
  const machine = machineOf(resultsFolder);
  console.log(`machine: ${JSON.stringify(machine)}`);
  const results: SubjectResult[] = [];
  for (const subject of chosen) results.push(await measure(subject, options));
  const at = new Date().toISOString();
  const report: StorageReport = { bench, at, machine, quick, results };
  const json = `${JSON.stringify(report, undefined, 2)}\n`;
  writeFileSync(`${resultsFolder}${bench}-${at.replaceAll(':', '-')}.json`, json);
  if (latest) {
    writeFileSync(`${resultsFolder}latest-${bench}.json`, json);
    writeDocument(resultsFolder);
  }
  console.log(`\n${textOf(report)}`);
  return results.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

function choose(subjects: readonly StorageSubject[], names: readonly string[]): readonly StorageSubject[] {
  const isMeant = ({ name }: StorageSubject, part: string): boolean =>
    name.toLowerCase().includes(part.toLowerCase());
  const unknown = names.filter((part) => !subjects.some((subject) => isMeant(subject, part)));
  if (unknown.length > 0) {
    const known = subjects.map(({ name }) => name).join('; ');
    throw new Error(`unknown: ${unknown.join(', ')}; there are ${known}`);
  }
  if (names.length === 0) return subjects;
  return subjects.filter((subject) => names.some((part) => isMeant(subject, part)));
}

/** An adapter that fails is told, and the others go on. */
async function measure(
  subject: StorageSubject,
  { quick, resultsFolder }: StorageOptions,
): Promise<SubjectResult> {
  const { name, bareName } = subject;
  const notRun = subject.whyNot();
  if (notRun !== undefined) {
    console.log(`${name}: not run: ${notRun}`);
    return { name, bareName, rows: [], notRun };
  }
  const beganMs = performance.now();
  const folder = mkdtempSync(join(resultsFolder, 'scratch-'));
  try {
    const rows = await subject.measure(folder, quick ? QUICK : FULL);
    console.log(`${name}: ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
    return { name, bareName, rows };
  } catch (error) {
    console.error(`${name}:`, error);
    return { name, bareName, rows: [], failure: error instanceof Error ? error.message : String(error) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
