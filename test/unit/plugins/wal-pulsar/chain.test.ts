import { expect, test } from 'vitest';
import { seededNumbers } from '../../../../conformance/storage/checks.ts';
import {
  type Chain,
  decodeIndexRecord,
  encodeIndexRecord,
  extendChain,
  type IndexRecord,
  NO_CHAIN,
} from '../../../../src/plugins/wal-pulsar/chain.ts';
import { compareTopics, type TopicKey, topicName } from '../../../../src/plugins/wal-pulsar/names.ts';

const A = 'a'.repeat(16);
const B = 'b'.repeat(16);

function begin(term: number, index: number, writer: string): IndexRecord {
  return { kind: 'begin', key: { term, index, writer } };
}

function chainOf(...records: readonly IndexRecord[]): Chain {
  return records.reduce(
    (chain, record) => extendChain(chain, record, (key: TopicKey) => topicName('c', key)),
    NO_CHAIN,
  );
}

function keysOf({ topics }: Chain): string[] {
  return topics.map(({ term, index, writer }) => `${term}.${index}${writer[0]}`);
}

test('of writers that begin a term the first has it, and no term goes back', () => {
  expect(keysOf(chainOf(begin(2, 0, A), begin(2, 0, B), begin(1, 0, B), begin(3, 0, B)))).toEqual([
    '2.0a',
    '3.0b',
  ]);
});

test('a claim that was sent twice counts once', () => {
  expect(keysOf(chainOf(begin(2, 0, A), begin(2, 0, A), begin(2, 1, A), begin(2, 1, A)))).toEqual([
    '2.0a',
    '2.1a',
  ]);
});

test('only the newest writer goes on in a further topic, and in the next one', () => {
  const records = [
    begin(1, 0, A),
    begin(1, 2, A),
    begin(1, 1, B),
    begin(1, 1, A),
    begin(2, 0, B),
    begin(1, 2, A),
  ];
  expect(keysOf(chainOf(...records))).toEqual(['1.0a', '1.1a', '2.0b']);
});

test('empty topics are struck off; the term stays, and so does the right to go on', () => {
  const empty: IndexRecord = { kind: 'empty', names: [topicName('c', { term: 2, index: 0, writer: A })] };
  const chain = chainOf(begin(1, 0, A), begin(2, 0, A), begin(3, 0, B), empty);
  expect(keysOf(chain)).toEqual(['1.0a', '3.0b']);
  expect(chain.term).toBe(3);
  expect(keysOf(chainOf(begin(2, 0, A), empty, begin(2, 0, B), begin(1, 0, B)))).toEqual([]);
});

test('whatever the records, the topics rise and one writer has a term', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededNumbers(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const records = Array.from({ length: 60 }, () => begin(1 + below(6), below(3), [A, B][below(2)]!));
    const { topics, term } = chainOf(...records);
    expect(topics.toSorted(compareTopics)).toEqual(topics);
    expect(new Set(topics.map((topic) => `${topic.term}.${topic.index}`)).size).toBe(topics.length);
    expect(term).toBe(topics.at(-1)?.term ?? 0);
  }
});

test('records of the index come back; other bytes are none', () => {
  for (const record of [begin(5, 1, A), { kind: 'empty', names: ['x', 'y'] } as const]) {
    expect(decodeIndexRecord(encodeIndexRecord(record))).toEqual(record);
  }
  const others = [
    '',
    'null',
    '{}',
    '{"kind":"begin"}',
    '{"kind":"begin","key":{"term":1,"index":0,"writer":"A"}}',
  ];
  for (const other of others) expect(decodeIndexRecord(Buffer.from(other))).toBeUndefined();
});
