import { expect, test } from 'vitest';
import { KINDS } from '../../../../src/plugins/wal-kafka/batchHead.ts';
import { type Pending, SendQueue } from '../../../../src/plugins/wal-kafka/sendQueue.ts';

const BYTES_MAX = 1256;

function pending(bytes: number, cut?: Pending['cut']): Pending {
  const nothing = (): void => undefined;
  return { resolve: nothing, reject: nothing, bytes, cut, firstPieceOffset: 0, isSent: false };
}

function queueOf(...sizes: number[]): SendQueue {
  const queue = new SendQueue(BYTES_MAX, 100);
  for (const size of sizes) queue.add(pending(size), new Uint8Array(size).fill(size));
  return queue;
}

test('small records share a message set up to its limit, in order', () => {
  const queue = queueOf(400, 400, 100, 400);
  expect(queue.hasFullBatch).toBe(true);
  expect(queue.takeBatch().map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(queue.hasFullBatch).toBe(false);
  expect(queue.takeBatch().map(({ seq, bytesBefore }) => [seq, bytesBefore])).toEqual([[4, 1000]]);
  expect(queue.isEmpty).toBe(true);
});

test('a record as large as a set allows is whole, one byte more is two pieces, and pieces go alone', () => {
  const largest = BYTES_MAX - 256 - 24;
  expect(queueOf(largest).takeBatch()).toMatchObject([{ kind: KINDS.records, piece: 0, pieces: 1 }]);
  const queue = queueOf(5, largest * 2 + 1, 6);
  expect(queue.takeBatch()).toHaveLength(1);
  const pieces = [queue.takeBatch(), queue.takeBatch(), queue.takeBatch()].flat();
  expect(pieces.map(({ piece, bytes, seq }) => [piece, bytes.length, seq])).toEqual([
    [0, largest, 2],
    [1, largest, 3],
    [2, 1, 4],
  ]);
  expect(pieces.every(({ kind, pieces: count }) => kind === KINDS.piece && count === 3)).toBe(true);
  expect(queue.takeBatch()).toMatchObject([{ kind: KINDS.records, seq: 5 }]);
});

test('a truncation keeps its place and goes alone', () => {
  const queue = queueOf(5);
  queue.add(pending(0, { term: 1, offset: 3 }), new Uint8Array(0));
  queue.add(pending(6), new Uint8Array(6));
  expect(queue.takeBatch()).toMatchObject([{ kind: KINDS.records }]);
  expect(queue.takeBatch()).toMatchObject([{ kind: KINDS.cut, seq: 2 }]);
  expect(queue.takeBatch()).toMatchObject([{ kind: KINDS.records, seq: 3 }]);
});

test('what is put back comes first, and what is found elsewhere is taken by number', () => {
  const queue = queueOf(1, 2, 3, 4);
  queue.putBack(queue.takeBatch());
  expect(queue.takeBefore(3).map(({ seq }) => seq)).toEqual([1, 2]);
  expect(queue.takeBefore(3)).toEqual([]);
  expect(queue.takeBatch().map(({ seq }) => seq)).toEqual([3, 4]);
});
