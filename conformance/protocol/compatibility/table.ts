import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DOCUMENT = fileURLToPath(new URL('../../../docs/compatibility.md', import.meta.url));
const HEADER = '| what | kind | treatment | note |';
const TREATMENT = /^(?:honoured|no-op|built|UNIMPLEMENTED|refused(?: \d+)?)$/;

export type Treatment = 'honoured' | 'no-op' | 'built' | 'UNIMPLEMENTED' | 'refused';

/** One line of the tables of docs/compatibility.md. */
export interface Row {
  readonly what: string;
  readonly kind: string;
  readonly treatment: Treatment;
  /** The Milvus code of a refusal. */
  readonly code: number;
}

/** All rows of docs/compatibility.md, in order. Throws for a row that cannot be read and for one that stands twice. */
export function compatibilityRows(): readonly Row[] {
  const rows: Row[] = [];
  const seen = new Set<string>();
  let inTable = false;
  for (const line of readFileSync(DOCUMENT, 'utf8').split('\n')) {
    if (line === HEADER) inTable = true;
    else if (!line.startsWith('|')) inTable = false;
    else if (inTable && !line.startsWith('|---')) {
      const row = rowOf(line);
      const name = `${row.kind} ${row.what}`;
      if (seen.has(name)) throw new Error(`docs/compatibility.md has ${name} twice`);
      seen.add(name);
      rows.push(row);
    }
  }
  return rows;
}

function rowOf(line: string): Row {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  const [, what = '', kind = '', treatment = ''] = cells;
  if (cells.length !== 6 || !/^`.+`$/.test(what) || kind === '' || !TREATMENT.test(treatment)) {
    throw new Error(`docs/compatibility.md: this is no row: ${line}`);
  }
  const [word, code = '1100'] = treatment.split(' ');
  return { what: what.slice(1, -1), kind, treatment: word as Treatment, code: Number(code) };
}
