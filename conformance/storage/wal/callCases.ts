import assert from 'node:assert/strict';
import type { WalWriter } from '../../../src/core/ports/wal.ts';
import { fails } from '../checks.ts';
import { hexOf, idsOf, kindOf, makeRecord, positionOf, readAll, seen, take } from './records.ts';
import type { SubjectCase } from './subject.ts';

/** Appends records `firstId`.. of rising sizes one after the other; the positions as hex. */
async function appendMany(writer: WalWriter, count: number, firstId = 1): Promise<string[]> {
  const positions: string[] = [];
  for (let i = 0; i < count; i++) {
    positions.push(hexOf(await writer.append(makeRecord(firstId + i, 4 + ((i * 37) % 500)))));
  }
  return positions;
}

function idRange(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

export const CALL_CASES: readonly SubjectCase[] = [
  [
    'a channel that was never opened is empty, and asking changes nothing',
    async ({ wal }) => {
      assert.deepEqual(await wal.info('never'), {
        first: undefined,
        last: undefined,
        term: 0,
        retainedBytes: 0,
      });
      assert.deepEqual(await readAll(wal, 'never'), []);
      assert.equal((await wal.info('never')).term, 0);
    },
  ],
  [
    'records come back in order with their bytes, term and position',
    async ({ wal }) => {
      const writer = await wal.open('a', 3);
      assert.equal(writer.channel, 'a');
      assert.equal(writer.term, 3);
      const positions = await appendMany(writer, 40);
      assert.deepEqual([...positions].sort(), positions);
      assert.equal(new Set(positions).size, 40);
      const expected = positions.map((position, i) => ({ position, id: i + 1, term: 3 }));
      assert.deepEqual(await readAll(wal, 'a'), expected);
      assert.deepEqual(await readAll(wal, 'a'), expected);
    },
  ],
  [
    'many appends in flight resolve in call order',
    async ({ wal }) => {
      const writer = await wal.open('a', 1);
      const order: number[] = [];
      const appends = idRange(1, 200).map(async (id) => {
        const position = await writer.append(makeRecord(id, 4 + ((id * 97) % 900)));
        order.push(id);
        return hexOf(position);
      });
      const positions = await Promise.all(appends);
      assert.deepEqual(order, idRange(1, 200));
      assert.deepEqual([...positions].sort(), positions);
      assert.deepEqual(await idsOf(wal, 'a'), idRange(1, 200));
    },
  ],
  [
    'what was acknowledged stays as it was when the caller uses the memory of the record again',
    async ({ wal }) => {
      const end = new AbortController();
      const tail = wal.tail('a', undefined, end.signal)[Symbol.asyncIterator]();
      const writer = await wal.open('a', 1);
      const memory = new Uint8Array(64);
      for (let id = 1; id <= 20; id++) {
        const record = memory.subarray(0, 8 + id);
        record.set(makeRecord(id, record.length));
        await writer.append(record);
        memory.fill(0xee);
      }
      assert.deepEqual(await idsOf(wal, 'a'), idRange(1, 20));
      assert.deepEqual(
        (await take(tail, 20)).map(({ id }) => id),
        idRange(1, 20),
      );
      end.abort();
    },
  ],
  [
    'read from a position is the exact suffix, inclusive and exclusive',
    async ({ wal }) => {
      const positions = await appendMany(await wal.open('a', 1), 25);
      for (const [i, position] of positions.entries()) {
        assert.deepEqual(await idsOf(wal, 'a', position), idRange(i + 2, 25));
        assert.deepEqual(await idsOf(wal, 'a', position, { inclusive: true }), idRange(i + 1, 25));
      }
    },
  ],
  [
    'positions hold across terms and a new Wal',
    async (subject) => {
      const first = await appendMany(await subject.wal.open('a', 1), 10);
      const second = await appendMany(await subject.wal.open('a', 2), 10, 11);
      await subject.wal.close();
      const wal = await subject.reopen();
      const third = await appendMany(await wal.open('a', 7), 10, 21);
      const all = [...first, ...second, ...third];
      assert.deepEqual([...all].sort(), all);
      for (const [i, position] of all.entries()) {
        assert.deepEqual(await idsOf(wal, 'a', position), idRange(i + 2, 30));
      }
      assert.deepEqual(
        (await readAll(wal, 'a')).map((entry) => entry.term).join(''),
        '1'.repeat(10) + '2'.repeat(10) + '7'.repeat(10),
      );
    },
  ],
  [
    'channels are separate',
    async ({ wal }) => {
      await appendMany(await wal.open('a', 5), 3);
      await appendMany(await wal.open('b', 1), 2, 101);
      assert.deepEqual(await idsOf(wal, 'a'), [1, 2, 3]);
      assert.deepEqual(await idsOf(wal, 'b'), [101, 102]);
      assert.equal((await wal.info('a')).term, 5);
      assert.equal((await wal.info('b')).term, 1);
    },
  ],
  [
    'open is Fenced at a term that is not above all earlier ones',
    async (subject) => {
      await subject.wal.open('a', 5);
      await fails('Fenced', () => subject.wal.open('a', 5));
      await fails('Fenced', () => subject.wal.open('a', 4));
      const other = await subject.reopen();
      await fails('Fenced', () => other.open('a', 5));
      await fails('Fenced', () => other.open('a', 1));
      await other.open('a', 6);
      await fails('Fenced', () => subject.wal.open('a', 6));
      assert.equal((await subject.wal.info('a')).term, 6);
    },
  ],
  [
    'a superseded writer is Fenced for good, in the same Wal and in another',
    async (subject) => {
      const old = await subject.wal.open('a', 1);
      await appendMany(old, 3);
      const middle = await subject.wal.open('a', 2);
      await fails('Fenced', () => old.append(makeRecord(50, 10)));
      await appendMany(middle, 3, 4);
      const other = await subject.reopen();
      const newest = await other.open('a', 3);
      await fails('Fenced', () => middle.append(makeRecord(51, 10)));
      await fails('Fenced', () => middle.append(makeRecord(52, 10)));
      await appendMany(newest, 3, 7);
      assert.deepEqual(await idsOf(other, 'a'), idRange(1, 9));
      assert.deepEqual(await idsOf(subject.wal, 'a'), idRange(1, 9));
    },
  ],
  [
    'terms without records leave no trace but the term',
    async (subject) => {
      await appendMany(await subject.wal.open('a', 1), 3);
      for (let term = 2; term < 8; term++) await (await subject.reopen()).open('a', term);
      const wal = await subject.reopen();
      await appendMany(await wal.open('a', 9), 2, 4);
      assert.deepEqual(await idsOf(wal, 'a'), idRange(1, 5));
      assert.equal((await wal.info('a')).term, 9);
    },
  ],
  [
    'a record is 1 byte to recordBytesMax',
    async ({ wal }) => {
      const writer = await wal.open('a', 1);
      await fails('Invalid', () => writer.append(new Uint8Array(0)));
      await fails('TooLarge', () => writer.append(new Uint8Array(wal.recordBytesMax + 1)));
      await writer.append(Uint8Array.of(7));
      await writer.append(makeRecord(1, wal.recordBytesMax));
      const lengths: number[] = [];
      for await (const entry of wal.read('a', undefined)) lengths.push(entry.record.length);
      assert.deepEqual(lengths, [1, wal.recordBytesMax]);
    },
  ],
  [
    'a view on a larger buffer is stored, not the buffer',
    async ({ wal }) => {
      const writer = await wal.open('a', 1);
      // A slice of a Buffer is a view of it, no copy.
      for (const [i, whole] of [new Uint8Array(100), Buffer.alloc(100)].entries()) {
        whole.set(makeRecord(i + 1, 40), 11);
        await writer.append(whole.subarray(11, 51));
        whole.fill(9);
      }
      assert.deepEqual(await idsOf(wal, 'a'), [1, 2]);
    },
  ],
  [
    'close waits for what is in flight and then refuses',
    async (subject) => {
      const writer = await subject.wal.open('a', 1);
      const appends = idRange(1, 20).map((id) => writer.append(makeRecord(id, 50)));
      await writer.close();
      assert.equal((await Promise.all(appends)).length, 20);
      await fails('Closed', () => writer.append(makeRecord(99, 50)));
      await writer.close();
      assert.deepEqual(await idsOf(subject.wal, 'a'), idRange(1, 20));
      const other = await subject.reopen();
      const next = await other.open('a', 2);
      await next.append(makeRecord(21, 50));
      assert.deepEqual(await idsOf(other, 'a'), idRange(1, 21));
    },
  ],
  [
    'a closed Wal refuses every call',
    async ({ wal }) => {
      const writer = await wal.open('a', 1);
      const [position] = await appendMany(writer, 1);
      await wal.close();
      await wal.close();
      await fails('Closed', () => wal.open('a', 2));
      await fails('Closed', () => wal.info('a'));
      await fails('Closed', () => readAll(wal, 'a'));
      await fails('Closed', () => wal.truncate('a', positionOf(position!)));
      await fails('Closed', () => writer.append(makeRecord(2, 10)));
    },
  ],
  [
    'info names the first and last readable record and what is retained',
    async ({ wal }) => {
      const positions = await appendMany(await wal.open('a', 2), 30);
      const info = await wal.info('a');
      assert.equal(hexOf(info.first!), positions[0]);
      assert.equal(hexOf(info.last!), positions[29]);
      assert.equal(info.term, 2);
      assert.ok(info.retainedBytes > 0);
      await wal.truncate('a', positionOf(positions[19]!));
      const rest = await wal.info('a');
      assert.equal(hexOf(rest.first!), positions[20]);
      assert.equal(hexOf(rest.last!), positions[29]);
      assert.ok(rest.retainedBytes < info.retainedBytes);
      await wal.truncate('a', positionOf(positions[29]!));
      const none = await wal.info('a');
      assert.equal(none.first, undefined);
      assert.equal(none.last, undefined);
      assert.equal(none.retainedBytes, 0);
    },
  ],
  [
    'truncate removes exactly what is asked, is idempotent and never goes back',
    async (subject) => {
      const positions = await appendMany(await subject.wal.open('a', 1), 60);
      for (const upTo of [4, 4, 2, 30, 17, 58]) await subject.wal.truncate('a', positionOf(positions[upTo]!));
      assert.deepEqual(await idsOf(subject.wal, 'a'), [60]);
      await subject.wal.truncate('a', positionOf(positions[3]!));
      assert.deepEqual(await idsOf(subject.wal, 'a'), [60]);
      const other = await subject.reopen();
      assert.deepEqual(await idsOf(other, 'a'), [60]);
      await other.open('a', 2);
      assert.deepEqual(await idsOf(other, 'a'), [60]);
    },
  ],
  [
    'a read below the truncation point is Truncated and names the first position; at it, the suffix',
    async ({ wal }) => {
      const positions = await appendMany(await wal.open('a', 1), 20);
      await wal.truncate('a', positionOf(positions[9]!));
      const error = await fails('Truncated', () => readAll(wal, 'a', positions[4]));
      assert.ok(String(error.context.first).includes(positions[10]!), `first in ${error.text}`);
      await fails('Truncated', () => readAll(wal, 'a', positions[9], { inclusive: true }));
      assert.deepEqual(await idsOf(wal, 'a', positions[9]), idRange(11, 20));
      assert.deepEqual(await idsOf(wal, 'a', positions[10], { inclusive: true }), idRange(11, 20));
      assert.deepEqual(await idsOf(wal, 'a'), idRange(11, 20));
    },
  ],
  [
    'positions rise after everything was truncated and the log opened again',
    async (subject) => {
      const positions = await appendMany(await subject.wal.open('a', 1), 20);
      await subject.wal.truncate('a', positionOf(positions[19]!));
      await subject.wal.close();
      const wal = await subject.reopen();
      const later = await appendMany(await wal.open('a', 2), 5, 21);
      assert.ok(later[0]! > positions[19]!);
      assert.deepEqual(await idsOf(wal, 'a'), idRange(21, 25));
      assert.deepEqual(await idsOf(wal, 'a', positions[19]), idRange(21, 25));
    },
  ],
  [
    'truncation goes on under the writer, over terms',
    async ({ wal }) => {
      const first = await appendMany(await wal.open('a', 1), 30);
      const writer = await wal.open('a', 2);
      const second = await appendMany(writer, 30, 31);
      await wal.truncate('a', positionOf(first[29]!));
      assert.deepEqual(await idsOf(wal, 'a'), idRange(31, 60));
      await wal.truncate('a', positionOf(second[10]!));
      await appendMany(writer, 10, 61);
      assert.deepEqual(await idsOf(wal, 'a'), idRange(42, 70));
      await fails('Truncated', () => readAll(wal, 'a', first[3]));
    },
  ],
  [
    'a read ends at what was durable when it began',
    async ({ wal }) => {
      const writer = await wal.open('a', 1);
      await appendMany(writer, 5);
      const reading = wal.read('a', undefined)[Symbol.asyncIterator]();
      const begun = await take(reading, 1);
      await appendMany(writer, 5, 6);
      const ids = begun.map((entry) => entry.id);
      for (let step = await reading.next(); step.done !== true; step = await reading.next())
        ids.push(seen(step.value).id);
      assert.deepEqual(ids.slice(0, 5), idRange(1, 5));
      assert.deepEqual(ids, idRange(1, ids.length));
    },
  ],
  [
    'a read whose signal fired is an error, never a short result',
    async ({ wal }) => {
      await appendMany(await wal.open('a', 1), 5);
      await fails('Closed', () => readAll(wal, 'a', undefined, { signal: AbortSignal.abort() }));
      await fails('Closed', () => wal.open('a', 2, AbortSignal.abort()));
    },
  ],
  [
    'a read that is left early leaves the log as it was',
    async ({ wal }) => {
      await appendMany(await wal.open('a', 1), 20);
      for (let i = 0; i < 10; i++) for await (const _entry of wal.read('a', undefined)) break;
      assert.deepEqual(await idsOf(wal, 'a'), idRange(1, 20));
    },
  ],
  [
    'tail gives what is there, then what comes, and ends with its signal',
    async ({ wal }) => {
      const writer = await wal.open('a', 1);
      await appendMany(writer, 3);
      const end = new AbortController();
      const tail = wal.tail('a', undefined, end.signal)[Symbol.asyncIterator]();
      assert.deepEqual(
        (await take(tail, 3)).map((entry) => entry.id),
        [1, 2, 3],
      );
      const coming = take(tail, 3);
      await appendMany(writer, 3, 4);
      assert.deepEqual(
        (await coming).map((entry) => entry.id),
        [4, 5, 6],
      );
      const last = tail.next();
      end.abort();
      assert.equal((await last).done, true);
    },
  ],
  [
    'tail of a channel that is not yet open waits; from a position it is exclusive; it crosses terms',
    async ({ wal }) => {
      const end = new AbortController();
      const tail = wal.tail('a', undefined, end.signal)[Symbol.asyncIterator]();
      const coming = take(tail, 4);
      const positions = await appendMany(await wal.open('a', 1), 2);
      await appendMany(await wal.open('a', 2), 2, 3);
      assert.deepEqual(
        (await coming).map((entry) => entry.id),
        [1, 2, 3, 4],
      );
      const later = wal.tail('a', positionOf(positions[0]!), end.signal)[Symbol.asyncIterator]();
      assert.deepEqual(
        (await take(later, 3)).map((entry) => entry.id),
        [2, 3, 4],
      );
      end.abort();
      await tail.return?.();
      await later.return?.();
    },
  ],
  [
    'tail sees what another Wal appends',
    async (subject) => {
      const end = new AbortController();
      await appendMany(await subject.wal.open('a', 1), 2);
      const tail = subject.wal.tail('a', undefined, end.signal)[Symbol.asyncIterator]();
      await take(tail, 2);
      const coming = take(tail, 3);
      const other = await subject.reopen();
      await appendMany(await other.open('a', 2), 3, 3);
      assert.deepEqual(
        (await coming).map((entry) => entry.id),
        [3, 4, 5],
      );
      end.abort();
      await tail.return?.();
    },
  ],
  [
    'tail ends with Closed when the Wal closes',
    async ({ wal }) => {
      await appendMany(await wal.open('a', 1), 1);
      const tail = wal.tail('a', undefined, new AbortController().signal)[Symbol.asyncIterator]();
      await take(tail, 1);
      const next = tail.next().then(
        () => 'a result',
        (caught: unknown) => kindOf(caught),
      );
      await wal.close();
      assert.equal(await next, 'Closed');
    },
  ],
];
