import { expect, test } from 'vitest';
import { type BatchHead, KINDS, type Kind, NOWHERE } from '../../../../src/plugins/wal-kafka/batchHead.ts';
import { LogRules } from '../../../../src/plugins/wal-kafka/logRules.ts';
import type { FetchedBatch } from '../../../../src/plugins/wal-kafka/partition.ts';
import { PieceJoiner } from '../../../../src/plugins/wal-kafka/pieces.ts';

/** Batches one behind the other; `expects` is where a batch was meant to lie, by default where it lies. */
class Topic {
  readonly batches: FetchedBatch[] = [];

  add(
    kind: Kind,
    term: number,
    seq: number,
    more: Partial<BatchHead> = {},
    values = [Buffer.from([seq])],
  ): this {
    const offset = this.batches.at(-1)?.endOffset ?? 0;
    const expectedOffset = kind === KINDS.fence ? NOWHERE : offset;
    const place = {
      piece: 0,
      pieces: 1,
      expectedOffset,
      firstPieceOffset: 0,
      bytesBefore: 0,
      cut: undefined,
    };
    const head = { kind, term, writer: term * 10, seq, ...place, ...more };
    this.batches.push({ offset, endOffset: offset + values.length, head, values });
    return this;
  }

  fence(term: number, writer = term * 10): this {
    return this.add(KINDS.fence, term, 0, { writer });
  }

  record(term: number, seq: number, more: Partial<BatchHead> = {}): this {
    return this.add(KINDS.records, term, seq, more);
  }

  foreign(): this {
    const offset = this.batches.at(-1)?.endOffset ?? 0;
    this.batches.push({ offset, endOffset: offset + 1, head: undefined, values: [Buffer.from('x')] });
    return this;
  }
}

function admitted(topic: Topic, rules = new LogRules('t')): number[] {
  return topic.batches.filter((batch) => rules.admit(batch)).map(({ offset }) => offset);
}

test('records count where their writer expected them', () => {
  const topic = new Topic()
    .fence(1)
    .record(1, 1)
    .foreign()
    .record(1, 2, { expectedOffset: 2 })
    .record(1, 2)
    .record(1, 3);
  expect(admitted(topic)).toEqual([1, 4, 5]);
});

test('nothing of a term counts behind a fence of a later one, even where it was expected', () => {
  expect(admitted(new Topic().fence(1).record(1, 1).fence(2).record(1, 2).record(2, 1).record(1, 3))).toEqual(
    [1, 4],
  );
  expect(admitted(new Topic().record(1, 7).record(2, 3), new LogRules('t', 2))).toEqual([1]);
});

test('of two fences of a term the first holds it, and one of a lower term means nothing', () => {
  const rules = new LogRules('t');
  expect(
    admitted(new Topic().fence(3, 31).fence(3, 32).fence(2).record(3, 1, { writer: 31 }), rules),
  ).toEqual([3]);
  expect([rules.term, rules.writer]).toEqual([3, 31]);
});

test('values of a writer that are missing are Corrupt', () => {
  expect(() => admitted(new Topic().fence(1).record(1, 2))).toThrow(
    'values 1 to 1 of its writer are missing',
  );
  expect(() => admitted(new Topic().record(1, 5).record(1, 7))).toThrow('offset 1');
});

test('a cut counts wherever it lies, the last one stays, and it tells who holds the term', () => {
  const cutAt = (offset: number) => ({ cut: { term: 1, offset } });
  const elsewhere = { expectedOffset: NOWHERE };
  const topic = new Topic()
    .add(KINDS.cut, 4, 0, { ...cutAt(8), ...elsewhere })
    .record(4, 9, cutAt(3))
    .add(KINDS.cut, 1, 0, { ...cutAt(9), ...elsewhere });
  const rules = new LogRules('t');
  expect(admitted(topic, rules)).toEqual([1]);
  expect([rules.cut, rules.term, rules.writer]).toEqual([{ term: 1, offset: 9 }, 4, 40]);
});

test('a cut in a sequence of batches takes a number of its writer', () => {
  const topic = new Topic().fence(1).record(1, 1).add(KINDS.cut, 1, 2).record(1, 3);
  expect(admitted(topic)).toEqual([1, 3]);
});

test('pieces become a record at the offset of the last; those of a writer that ended are dropped', () => {
  const piece = (term: number, seq: number, index: number) =>
    [KINDS.piece, term, seq, { piece: index, pieces: 3 }] as const;
  const topic = new Topic()
    .add(...piece(1, 1, 0))
    .add(...piece(1, 2, 1))
    .add(...piece(2, 1, 0))
    .add(...piece(2, 2, 1))
    .add(...piece(2, 3, 2))
    .add(...piece(2, 4, 0))
    .add(KINDS.records, 3, 1, {}, [Buffer.from('a'), Buffer.from('b')])
    .add(...piece(3, 3, 2));
  const joiner = new PieceJoiner();
  const records = topic.batches.flatMap((batch) => [...joiner.join(batch)]);
  expect(records.map(({ offset, record }) => [offset, Buffer.from(record).toString('hex')])).toEqual([
    [4, '010203'],
    [6, '61'],
    [7, '62'],
  ]);
});
