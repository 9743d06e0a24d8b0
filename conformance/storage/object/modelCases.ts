import assert from 'node:assert/strict';
import type { ErrorKind } from '../../../src/core/domain/errors.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { elanusError, patternBytes, sameBytes, seededNumbers } from '../checks.ts';

interface Row {
  readonly content: Uint8Array;
  readonly version: string;
}

const KEYS = ['a', 'b/a', 'b/b', 'b/c/d', 'b-c', 'b.c', 'c/1/2/3', 'c/1/2/4'];
const PREFIXES = ['', 'b', 'b/', 'c/1/2/', 'z'];

/** Random commands, one after another, on the store and on a Map: the answers must agree. */
export async function checkAgainstModel(store: ObjectStore, seed: number, commands: number): Promise<void> {
  const next = seededNumbers(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)]!;
  const rows = new Map<string, Row>();
  for (let command = 0; command < commands; command++) {
    const key = pick(KEYS);
    const kind = pick([
      'put',
      'put',
      'putIfAbsent',
      'putIfMatch',
      'get',
      'getRange',
      'head',
      'list',
      'delete',
    ]);
    const content = patternBytes(Math.floor(next() ** 4 * 100_000), command);
    const where = `seed ${seed}, command ${command}: ${kind} ${key}`;
    const row = rows.get(key);
    if (kind === 'put') rows.set(key, { content, version: await store.put(key, content) });
    else if (kind === 'putIfAbsent') {
      const result = await outcome(() => store.putIfAbsent(key, content));
      assert.equal(result.kind, row && 'AlreadyExists', where);
      if (result.value !== undefined) rows.set(key, { content, version: result.value });
    } else if (kind === 'putIfMatch') {
      const version = next() < 0.7 ? (row?.version ?? 'none') : (rows.get(pick(KEYS))?.version ?? 'none');
      const result = await outcome(() => store.putIfMatch(key, content, version));
      assert.equal(result.kind, row?.version === version ? undefined : 'Conflict', where);
      if (result.value !== undefined) rows.set(key, { content, version: result.value });
    } else if (kind === 'delete') {
      await store.delete(key);
      rows.delete(key);
    } else if (kind === 'list')
      await checkList(store, rows, pick(PREFIXES), 1 + Math.floor(next() * 4), where);
    else await checkRead(store, key, row, next(), where);
  }
  for (const key of KEYS) await checkRead(store, key, rows.get(key), 0.5, `seed ${seed}, at the end: ${key}`);
}

async function checkRead(
  store: ObjectStore,
  key: string,
  row: Row | undefined,
  share: number,
  where: string,
): Promise<void> {
  if (row === undefined) {
    assert.equal((await outcome(() => store.get(key))).kind, 'NotFound', where);
    assert.equal((await outcome(() => store.head(key))).kind, 'NotFound', where);
    return;
  }
  const found = await store.get(key);
  sameBytes(found.content, row.content, where);
  const { version, bytes } = await store.head(key);
  assert.deepEqual([version, bytes, found.version], [row.version, row.content.length, row.version], where);
  const offset = Math.floor(share * row.content.length);
  const length = Math.floor((row.content.length - offset) * share);
  const into = new Uint8Array(length);
  await store.getRange(key, offset, length, into);
  sameBytes(into, row.content.subarray(offset, offset + length), where);
}

async function checkList(
  store: ObjectStore,
  rows: ReadonlyMap<string, Row>,
  prefix: string,
  limit: number,
  where: string,
): Promise<void> {
  const expected = [...rows.keys()].filter((key) => key.startsWith(prefix)).sort();
  const found: string[] = [];
  for (;;) {
    const afterKey = found.at(-1);
    const page = await store.list(prefix, afterKey === undefined ? { limit } : { limit, afterKey });
    for (const info of page) {
      const row = rows.get(info.key);
      assert.deepEqual(
        [info.version, info.bytes],
        [row?.version, row?.content.length],
        `${where}: ${info.key}`,
      );
      found.push(info.key);
    }
    if (page.length < limit) break;
  }
  assert.deepEqual(found, expected, where);
}

async function outcome<Value>(
  run: () => Promise<Value>,
): Promise<{ kind?: ErrorKind | undefined; value?: Value }> {
  try {
    return { value: await run() };
  } catch (caught) {
    return { kind: elanusError(caught).kind };
  }
}
