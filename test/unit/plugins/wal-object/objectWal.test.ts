import { beforeEach, expect, test } from 'vitest';
import { idOf, idsOf, makeRecord, readAll, take } from '../../../../conformance/storage/wal/records.ts';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { ObjectStore } from '../../../../src/core/ports/objectStore.ts';
import type { Wal } from '../../../../src/core/ports/wal.ts';
import { MemoryObjectStore } from '../../../../src/plugins/memory/memoryObjectStore.ts';
import { encodeBlock } from '../../../../src/plugins/wal-object/block.ts';
import { BlockMemory } from '../../../../src/plugins/wal-object/blockMemory.ts';
import { HEADER_BYTES } from '../../../../src/plugins/wal-object/header.ts';
import { walObjectPlugin } from '../../../../src/plugins/wal-object/index.ts';
import { encodePosition, objectKey } from '../../../../src/plugins/wal-object/names.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';

/** Puts of blocks, each of which waits at the gate of its number when there is one. */
class GatedStore {
  readonly memory = new MemoryObjectStore(pluginDeps);
  readonly calls: string[] = [];
  readonly gates = new Map<number, Promise<void>>();
  readonly store: ObjectStore = new Proxy(this.memory as ObjectStore, {
    get:
      (target, name: keyof ObjectStore) =>
      async (key: string, ...rest: never[]) => {
        this.calls.push(name);
        if (name === 'putIfAbsent') await this.gates.get(Number.parseInt(key.slice(-20, -4), 16));
        return (target[name] as (...args: never[]) => unknown).call(target, key as never, ...rest);
      },
  });

  count(name: keyof ObjectStore): number {
    return this.calls.filter((call) => call === name).length;
  }

  async keys(): Promise<string[]> {
    return (await this.memory.list('')).map(({ key }) => key);
  }
}

let gated: GatedStore;

beforeEach(() => {
  gated = new GatedStore();
});

function openWal(options: Record<string, unknown> = {}, store: ObjectStore = gated.store): Promise<Wal> {
  const config = walObjectPlugin.configSchema.parse({ retryDelayMs: 1, pollIntervalMs: 1, ...options });
  return walObjectPlugin.create(config, { ...pluginDeps, objectStore: store });
}

function idRange(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function keyOf(channel: string, term: number, seq: number): string {
  return objectKey(`wal/${channel}`, { term, seq });
}

async function damage(key: string, at: number): Promise<void> {
  const { content } = await gated.memory.get(key);
  content[at]! ^= 0x10;
  await gated.memory.put(key, content);
}

test('a lone append is one put and nothing else', async () => {
  const writer = await (await openWal()).open('a', 1);
  gated.calls.length = 0;
  for (const id of idRange(1, 5)) await writer.append(makeRecord(id, 100));
  expect(gated.calls).toEqual(Array(5).fill('putIfAbsent'));
});

test('appends that come while an upload is under way share the next block', async () => {
  const writer = await (await openWal()).open('a', 1);
  const gate = Promise.withResolvers<void>();
  gated.gates.set(0, gate.promise);
  const first = writer.append(makeRecord(1, 100));
  await new Promise((resolve) => setImmediate(resolve));
  const rest = idRange(2, 50).map((id) => writer.append(makeRecord(id, 100)));
  gate.resolve();
  await Promise.all([first, ...rest]);
  expect(await gated.keys()).toEqual([keyOf('a', 0, 0), keyOf('a', 1, 0), keyOf('a', 1, 1)]);
});

test('full blocks go out side by side, at most uploadsMax, and are acknowledged in order', async () => {
  const writer = await (await openWal({ blockBytesMax: 1024, uploadsMax: 3 })).open('a', 1);
  const gate = Promise.withResolvers<void>();
  gated.gates.set(0, gate.promise);
  const before = gated.count('putIfAbsent');
  const order: number[] = [];
  const appends = idRange(1, 40).map((id) => writer.append(makeRecord(id, 400)).then(() => order.push(id)));
  await expect.poll(() => gated.keys()).toHaveLength(3);
  expect(gated.count('putIfAbsent') - before).toBe(3);
  expect(order).toEqual([]);
  gate.resolve();
  await Promise.all(appends);
  expect(order).toEqual(idRange(1, 40));
});

test('a record above blockBytesMax has a block of its own', async () => {
  const wal = await openWal({ blockBytesMax: 1024 });
  const writer = await wal.open('a', 1);
  await Promise.all([10, 5000, 10].map((bytes, i) => writer.append(makeRecord(i + 1, bytes))));
  expect(await idsOf(wal, 'a')).toEqual([1, 2, 3]);
  const blocks = (await gated.memory.list('wal/a/0000000000000001/')).map(({ bytes }) => bytes);
  expect(blocks).toEqual([HEADER_BYTES + 24, HEADER_BYTES + 8 + 5000, HEADER_BYTES + 24]);
});

test('more bytes in flight than queuedBytesMax are Exhausted, and later appends succeed', async () => {
  const writer = await (await openWal({ queuedBytesMax: 4096 })).open('a', 1);
  const results = await Promise.allSettled(idRange(1, 20).map((id) => writer.append(makeRecord(id, 1000))));
  expect(results.map((result) => result.status)).toEqual([
    ...Array(4).fill('fulfilled'),
    ...Array(16).fill('rejected'),
  ]);
  for (const result of results)
    if (result.status === 'rejected') expect(result.reason.kind).toBe('Exhausted');
  await writer.append(makeRecord(21, 1000));
});

test('a block that had no room while a later one landed is skipped; nothing of either is read', async () => {
  const wal = await openWal({ blockBytesMax: 1024, uploadsMax: 3 });
  const writer = await wal.open('a', 1);
  await writer.append(makeRecord(1, 100));
  const full = Promise.withResolvers<void>();
  gated.gates.set(1, full.promise);
  const appends = idRange(2, 4).map((id) => writer.append(makeRecord(id, 900)));
  await expect.poll(() => gated.keys()).toContain(keyOf('a', 1, 3));
  full.reject(new ElanusError('Exhausted', 'the store is full'));
  for (const append of appends) await expect(append).rejects.toMatchObject({ kind: 'Exhausted' });
  expect(await idsOf(wal, 'a')).toEqual([1]);
  await expect(writer.append(makeRecord(5, 10))).rejects.toMatchObject({ kind: 'Exhausted' });
  gated.gates.clear();
  await writer.append(makeRecord(6, 100));
  expect(await idsOf(wal, 'a')).toEqual([1, 6]);
  const next = await (await openWal()).open('a', 2);
  await next.append(makeRecord(7, 100));
  await expect(writer.append(makeRecord(8, 10))).rejects.toMatchObject({ kind: 'Fenced' });
  expect(await idsOf(wal, 'a')).toEqual([1, 6, 7]);
});

test('a block that alone had no room leaves its place to the next', async () => {
  const wal = await openWal();
  const writer = await wal.open('a', 1);
  gated.gates.set(0, Promise.reject(new ElanusError('Exhausted', 'the store is full')));
  await expect(writer.append(makeRecord(1, 100))).rejects.toMatchObject({ kind: 'Exhausted' });
  gated.gates.clear();
  await writer.append(makeRecord(2, 100));
  expect(await gated.keys()).toEqual([keyOf('a', 0, 0), keyOf('a', 1, 0)]);
  expect(await idsOf(wal, 'a')).toEqual([2]);
});

test('a put that gets no answer in all its tries ends the writer', async () => {
  const wal = await openWal({ retriesMax: 3 });
  const writer = await wal.open('a', 1);
  gated.gates.set(0, Promise.reject(new ElanusError('Timeout', 'no answer')));
  const before = gated.count('putIfAbsent');
  await expect(writer.append(makeRecord(1, 100))).rejects.toMatchObject({ kind: 'Unknown' });
  expect(gated.count('putIfAbsent') - before).toBe(4);
  await expect(writer.append(makeRecord(2, 100))).rejects.toMatchObject({ kind: 'Closed' });
});

test('an object of another writer in our place is Corrupt and ends the writer', async () => {
  const wal = await openWal();
  const writer = await wal.open('a', 1);
  const { content } = await gated.memory.get(keyOf('a', 0, 0));
  const foreign = { term: 1, seq: 0, putId: '0'.repeat(32), durableSeq: 0 };
  const { bytes } = encodeBlock(Buffer.alloc(HEADER_BYTES + 16), content.subarray(8, 16), foreign, [
    makeRecord(9, 8),
  ]);
  await gated.memory.put(keyOf('a', 1, 0), bytes);
  await expect(writer.append(makeRecord(1, 100))).rejects.toMatchObject({
    kind: 'Corrupt',
    context: { file: keyOf('a', 1, 0), offset: 32 },
  });
  await expect(writer.append(makeRecord(2, 100))).rejects.toMatchObject({ kind: 'Closed' });
});

for (const [what, at, offset] of [
  ['a record', HEADER_BYTES + 20, HEADER_BYTES],
  ['a frame', HEADER_BYTES + 1, HEADER_BYTES],
  ['a header', 50, 0],
  ['a magic number', 1, 0],
] as const) {
  test(`damage of ${what} is Corrupt, names object and offset, and leaves other channels alone`, async () => {
    const wal = await openWal();
    for (const channel of ['a', 'b']) {
      const writer = await wal.open(channel, 1);
      for (const id of idRange(1, 5)) await writer.append(makeRecord(id, 100));
    }
    await damage(keyOf('a', 1, 2), at);
    const ids: number[] = [];
    const read = async () => {
      for await (const { record } of wal.read('a', undefined)) ids.push(idOf(record));
    };
    const file = keyOf('a', 1, 2);
    await expect(read()).rejects.toMatchObject({ kind: 'Corrupt', context: { file, offset } });
    expect(ids).toEqual([1, 2]);
    expect(await idsOf(wal, 'b')).toEqual(idRange(1, 5));
  });
}

test('an object under another key, of another channel, or cut short is Corrupt', async () => {
  const wal = await openWal();
  for (const channel of ['a', 'b']) {
    const writer = await wal.open(channel, 1);
    for (const id of idRange(1, 3)) await writer.append(makeRecord(id, 100));
  }
  const second = await gated.memory.get(keyOf('a', 1, 1));
  const misplaced = [
    (await gated.memory.get(keyOf('a', 1, 2))).content,
    (await gated.memory.get(keyOf('b', 1, 1))).content,
    second.content.subarray(0, 100),
    second.content.subarray(0, 10),
  ];
  for (const content of misplaced) {
    await gated.memory.put(keyOf('a', 1, 1), content);
    await expect(idsOf(wal, 'a')).rejects.toMatchObject({
      kind: 'Corrupt',
      context: { file: keyOf('a', 1, 1), offset: expect.any(Number) },
    });
  }
});

for (const [what, key] of [
  ['the first fence', keyOf('a', 0, 0)],
  ['a block', keyOf('a', 1, 2)],
  ['a fence', keyOf('a', 1, 5)],
  ['the cut', 'wal/a/cut'],
] as const) {
  test(`without ${what}, which somebody deleted, nobody takes over, and the rest stays`, async () => {
    const wal = await openWal();
    const positions: Uint8Array[] = [];
    for (const term of [1, 2]) {
      const writer = await wal.open('a', term);
      for (const id of idRange(1, 5)) positions.push(await writer.append(makeRecord(id, 100)));
    }
    // No log of its own begins at a cut that is gone.
    if (what === 'the cut') await wal.truncate('a', positions[1]!);
    await gated.memory.delete(key);
    const keys = await gated.keys();
    await expect(wal.open('a', 3)).rejects.toMatchObject({
      kind: 'Corrupt',
      message: expect.stringContaining('missing'),
    });
    expect(await gated.keys()).toEqual(keys);
  });
}

test('an object of a newer version is Unsupported and says so', async () => {
  const wal = await openWal();
  await (await wal.open('a', 1)).append(makeRecord(1, 100));
  const { content } = await gated.memory.get(keyOf('a', 1, 0));
  content[4] = 2;
  const header = Buffer.from(content.buffer, content.byteOffset, HEADER_BYTES);
  header.writeUInt32LE(pluginDeps.crypto.crc32(header.subarray(0, 60)), 60);
  await gated.memory.put(keyOf('a', 1, 0), content);
  await expect(idsOf(wal, 'a')).rejects.toMatchObject({
    kind: 'Unsupported',
    message: expect.stringContaining('version 2'),
  });
});

test('positions that name no record are Invalid', async () => {
  const wal = await openWal();
  const writer = await wal.open('a', 1);
  const position = await writer.append(makeRecord(1, 100));
  const none = [
    { term: 1, seq: 0, index: 1 },
    { term: 1, seq: 1, index: 0 },
    { term: 0, seq: 0, index: 0 },
    { term: 2, seq: 0, index: 0 },
  ].map(encodePosition);
  for (const from of [...none, position.subarray(0, 19)]) {
    await expect(readAll(wal, 'a', Buffer.from(from).toString('hex'))).rejects.toMatchObject({
      kind: 'Invalid',
    });
    await expect(wal.truncate('a', from)).rejects.toMatchObject({ kind: 'Invalid' });
  }
});

test('truncation deletes blocks and keeps fences; what could not be deleted goes with the next', async () => {
  const wal = await openWal();
  const positions: Uint8Array[] = [];
  for (const term of [1, 2, 3]) {
    const writer = await wal.open('a', term);
    for (const id of idRange(1, 3)) positions.push(await writer.append(makeRecord(id, 100)));
  }
  await wal.truncate('a', positions[7]!);
  const fences = [keyOf('a', 0, 0), keyOf('a', 1, 3), keyOf('a', 2, 3)];
  expect(await gated.keys()).toEqual([...fences, keyOf('a', 3, 2), 'wal/a/cut']);
  const late = await gated.memory.get(keyOf('a', 3, 2));
  await gated.memory.putIfAbsent(keyOf('a', 2, 9), late.content);
  await wal.truncate('a', positions[8]!);
  expect(await gated.keys()).toEqual([...fences, 'wal/a/cut']);
  expect(await wal.info('a')).toEqual({ first: undefined, last: undefined, term: 3, retainedBytes: 0 });
});

test('a truncation whose deletes fail has happened', async () => {
  const wal = await openWal(
    { retriesMax: 0 },
    {
      ...bound(gated.memory),
      delete: () => Promise.reject(new ElanusError('Unavailable', 'no answer')),
    },
  );
  const position = await (await wal.open('a', 1)).append(makeRecord(1, 100));
  await wal.truncate('a', position);
  expect((await wal.info('a')).first).toBeUndefined();
});

test('a log of more blocks than one listing has is read, measured and truncated', async () => {
  const wal = await openWal({ blockBytesMax: 1024 });
  const writer = await wal.open('a', 1);
  const positions = await Promise.all(idRange(1, 2100).map((id) => writer.append(makeRecord(id, 800))));
  expect(await idsOf(wal, 'a')).toEqual(idRange(1, 2100));
  expect((await wal.info('a')).retainedBytes).toBe(2100 * (HEADER_BYTES + 808));
  await wal.truncate('a', positions[2049]!);
  await (await openWal()).open('a', 2);
  expect(await idsOf(wal, 'a')).toEqual(idRange(2051, 2100));
  expect((await gated.keys()).filter((key) => key.includes('/0000000000000001/'))).toHaveLength(51);
});

test('take-overs without records cost a take-over no listing each', async () => {
  for (let term = 1; term <= 60; term++) await (await openWal()).open('a', term);
  gated.calls.length = 0;
  const wal = await openWal();
  await (await wal.open('a', 61)).append(makeRecord(1, 100));
  expect(gated.count('list')).toBeLessThan(5);
  expect(await readAll(wal, 'a')).toMatchObject([{ id: 1, term: 61 }]);
});

test('a tail takes from the writer of its process what is appended, not from the store', async () => {
  const wal = await openWal({ pollIntervalMs: 60_000 });
  const writer = await wal.open('a', 1);
  await writer.append(makeRecord(1, 100));
  const end = new AbortController();
  const tail = wal.tail('a', undefined, end.signal)[Symbol.asyncIterator]();
  await take(tail, 1);
  gated.calls.length = 0;
  for (const id of idRange(2, 20)) {
    const coming = take(tail, 1);
    await writer.append(makeRecord(id, 100));
    expect((await coming)[0]?.id).toBe(id);
  }
  expect(new Set(gated.calls)).toEqual(new Set(['putIfAbsent']));
  end.abort();
  expect((await tail.next()).done).toBe(true);
});

test('a tail that lags behind tailBytesMax goes on from the store', async () => {
  const wal = await openWal({ tailBytesMax: 1000 });
  const writer = await wal.open('a', 1);
  const end = new AbortController();
  const tail = wal.tail('a', undefined, end.signal)[Symbol.asyncIterator]();
  const begun = take(tail, 1);
  for (const id of idRange(1, 50)) await writer.append(makeRecord(id, 100));
  const taken = [...(await begun), ...(await take(tail, 49))];
  expect(taken.map(({ id }) => id)).toEqual(idRange(1, 50));
  end.abort();
  await tail.return?.();
});

test('memory of large blocks is used again, but for what a tail keeps', async () => {
  const recordBytes = 200_000;
  const wal = await openWal({ tailBytesMax: 5 * recordBytes });
  const writer = await wal.open('a', 1);
  await writer.append(makeRecord(1, recordBytes));
  const tail = wal.tail('a', undefined, new AbortController().signal)[Symbol.asyncIterator]();
  const taken = [...(await take(tail, 1))];
  const waiting = take(tail, 1);
  await writer.append(makeRecord(2, recordBytes));
  taken.push(...(await waiting));
  for (const id of idRange(3, 30)) await writer.append(makeRecord(id, recordBytes));
  taken.push(...(await take(tail, 28)));
  expect(taken.map(({ id }) => id)).toEqual(idRange(1, 30));
  expect(await idsOf(wal, 'a')).toEqual(idRange(1, 30));
  await tail.return?.();
});

test('BlockMemory: gives what was given back, unless it is much larger; what is too much goes', () => {
  const memory = new BlockMemory();
  const [small, large] = [memory.take(100_000), memory.take(1_000_000)];
  memory.giveBack(large);
  memory.giveBack(small);
  expect(memory.take(200_000).buffer).not.toBe(large.buffer);
  const again = memory.take(900_000);
  expect(again.buffer).toBe(large.buffer);
  expect(again.length).toBe(900_000);
  memory.giveBack(again);
  for (let i = 0; i < 40; i++) memory.giveBack(memory.take(4_500_000));
  for (const big of Array.from({ length: 8 }, () => memory.take(4_500_000))) memory.giveBack(big);
  expect(memory.take(900_000).buffer).not.toBe(large.buffer);
});

test("BlockMemory: a small block given back leaves alone the memory that it shares with all of Node's small buffers", () => {
  const memory = new BlockMemory();
  const small = memory.take(100);
  memory.giveBack(small);
  for (const bytes of [small.buffer.byteLength, 64 * 1024, 100_000])
    expect(memory.take(bytes).buffer, `${bytes} bytes`).not.toBe(small.buffer);
});

test('a tail that truncation came by is Truncated', async () => {
  const wal = await openWal();
  const writer = await wal.open('a', 1);
  await writer.append(makeRecord(1, 100));
  const tail = wal.tail('a', undefined, new AbortController().signal)[Symbol.asyncIterator]();
  await take(tail, 1);
  const other = await (await openWal()).open('a', 2);
  const positions = await Promise.all(idRange(2, 4).map((id) => other.append(makeRecord(id, 100))));
  await (await openWal()).truncate('a', positions[1]!);
  await expect(tail.next()).rejects.toMatchObject({ kind: 'Truncated' });
});

test('the configuration is checked, and so are an object store and channel names', async () => {
  const { configSchema, create } = walObjectPlugin;
  for (const options of [
    { prefix: '/a' },
    { prefix: 'a//b' },
    { prefix: '..' },
    { blockBytesMax: 1 },
    { x: 1 },
  ]) {
    expect(() => configSchema.parse(options), JSON.stringify(options)).toThrow();
  }
  await expect(create(configSchema.parse({}), pluginDeps)).rejects.toMatchObject({ kind: 'Unsupported' });
  const wal = await openWal({ prefix: 'some/where' });
  for (const name of ['', '.', '..', 'a/b', '.hidden', 'x'.repeat(201)]) {
    await expect(wal.open(name, 1)).rejects.toMatchObject({ kind: 'Invalid' });
  }
  await expect(wal.open('a', 0)).rejects.toMatchObject({ kind: 'Invalid' });
  await wal.open('a', 1);
  expect(await gated.keys()).toEqual([objectKey('some/where/a', { term: 0, seq: 0 })]);
});

/** The methods of a class instance as own properties, so that it can be spread. */
function bound(store: MemoryObjectStore): ObjectStore {
  return {
    put: store.put.bind(store),
    putIfAbsent: store.putIfAbsent.bind(store),
    putIfMatch: store.putIfMatch.bind(store),
    get: store.get.bind(store),
    getRange: store.getRange.bind(store),
    head: store.head.bind(store),
    list: store.list.bind(store),
    delete: store.delete.bind(store),
    close: store.close.bind(store),
  };
}
