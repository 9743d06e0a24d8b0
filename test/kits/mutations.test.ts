import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { type KitPort, promiseOf } from '../../conformance/storage/promises.ts';
import { buildKernels } from '../../scripts/buildKernels.ts';
import { INDEX_ROWS, INDEX_WHOLE } from './mutations/indexRows.ts';
import { META_ROWS, META_WHOLE } from './mutations/metaRows.ts';
import { OBJECT_ROWS, OBJECT_WHOLE } from './mutations/objectRows.ts';
import { WAL_ROWS, WAL_WHOLE } from './mutations/walRows.ts';

/** A kit is worth what it refuses: each adapter here lacks one safety mechanism, and must turn its kit red. */
const ROWS = [...META_ROWS, ...OBJECT_ROWS, ...WAL_ROWS, ...INDEX_ROWS];
const WHOLE = [...META_WHOLE, ...OBJECT_WHOLE, ...WAL_WHOLE, ...INDEX_WHOLE];
const DOCUMENT = new URL('../../docs/kits.md', import.meta.url);
const TABLE = /(<!-- mutations: [^\n]*-->\n)[\s\S]*(<!-- end of mutations -->)/;
const found: { readonly port: KitPort; readonly line: string }[] = [];

await buildKernels(false);

test.for(WHOLE)('$port: the copy of $adapter that lacks $lacks passes its kit', async (row) => {
  expect(await row.firstFailure()).toBeUndefined();
});

test.for(ROWS)('$port: $adapter without $lacks → its kit fails', async (row) => {
  const { port, adapter, lacks } = row;
  const failure = await row.firstFailure();
  expect(failure).toBeDefined();
  const { name } = failure!;
  found.push({ port, line: `| ${port} | ${adapter} | ${lacks} | ${name} | ${promiseOf(port, name)} |\n` });
});

/** The table of docs/kits.md says what was found here: WRITE_TABLE=1 writes it, else it must agree. */
afterAll(() => {
  if (found.length < ROWS.length) return;
  const old = readFileSync(DOCUMENT, 'utf8');
  const text = old.replace(TABLE, `$1\n${table()}\n$2`);
  if (process.env.WRITE_TABLE === '1') writeFileSync(DOCUMENT, text);
  else expect(old, 'docs/kits.md; write it with: WRITE_TABLE=1 npm run test:kits -- mutations').toBe(text);
});

function table(): string {
  const head = '| port | adapter | without | first case that fails | promise |\n|---|---|---|---|---|\n';
  return head + found.map(({ line }) => line).join('');
}
