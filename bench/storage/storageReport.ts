import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Machine, machineText } from '../report.ts';
import { type Row, tableOf } from './row.ts';

/** What one adapter gave. */
export interface SubjectResult {
  readonly name: string;
  readonly bareName: string;
  readonly rows: readonly Row[];
  readonly failure?: string;
  /** Why it was not run at all. */
  readonly notRun?: string;
}

export interface StorageReport {
  readonly bench: 'wal' | 'object';
  readonly at: string;
  readonly machine: Machine;
  readonly quick: boolean;
  readonly results: readonly SubjectResult[];
}

const DOCUMENT = new URL('../../docs/performance.md', import.meta.url);
const BEGIN = '<!-- storage-table -->\n';
const END = '<!-- /storage-table -->';
const PUBLISHED =
  'Published for Woodpecker, the log of Milvus 2.6, on other machines: 71 MB/s and 184 ms on MinIO, 450 MB/s and 1.8 ms on a local disk.';

/** Table and notes as Markdown. */
export function textOf({ bench, at, machine, quick, results }: StorageReport): string {
  const rows = results.flatMap(({ name, rows: own }) =>
    own.map((row) => ({ ...row, what: `${name}: ${row.what}` })),
  );
  const head = `${at.slice(0, 10)}, ${bench}, ${machineText(machine)}${quick ? ', two short rounds' : ''}.`;
  const notes = [...results.map(noteOf), ...(bench === 'wal' ? [PUBLISHED] : [])];
  return `${head}\n\n${tableOf(rows)}\n\n${notes.map((note) => `- ${note}`).join('\n')}`;
}

function noteOf({ name, bareName, rows, failure, notRun }: SubjectResult): string {
  if (notRun !== undefined) return `${name}: not run: ${notRun}`;
  if (failure !== undefined) return `${name} failed: ${failure}`;
  const missed = rows.filter(({ goal }) => goal?.isMet === false).length;
  return `${name}: ${missed} goals missed; bare is: ${bareName}`;
}

/** Puts the kept summaries of both benches into the document, between its marks. */
export function writeDocument(resultsFolder: string): void {
  const texts = ['wal', 'object']
    .map((bench) => `${resultsFolder}latest-${bench}.json`)
    .filter((file) => existsSync(file))
    .map((file) => textOf(JSON.parse(readFileSync(file, 'utf8')) as StorageReport));
  const [before, rest] = readFileSync(DOCUMENT, 'utf8').split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined)
    throw new Error('docs/performance.md has no place for the table of storage plugins');
  writeFileSync(DOCUMENT, `${before}${BEGIN}${texts.join('\n\n')}\n${END}${after}`);
}
