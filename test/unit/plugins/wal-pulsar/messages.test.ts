import { expect, test } from 'vitest';
import { compareWalPositions } from '../../../../src/core/ports/wal.ts';
import { Assembler } from '../../../../src/plugins/wal-pulsar/assembler.ts';
import {
  decodeMessageId,
  encodeMessageId,
  entryAt,
  extentOf,
} from '../../../../src/plugins/wal-pulsar/entries.ts';
import { decodeMessage, encodeMessage, type Message } from '../../../../src/plugins/wal-pulsar/messages.ts';
import {
  comparePlaces,
  decodePosition,
  encodePosition,
  parsePlaceText,
  parseTopicName,
  placeText,
  topicName,
} from '../../../../src/plugins/wal-pulsar/names.ts';
import { Outbox, type Pending } from '../../../../src/plugins/wal-pulsar/outbox.ts';

const WRITER = '0123456789abcdef';
const whole = (number: number, ...texts: string[]): Message => ({
  writer: WRITER,
  number,
  piece: 0,
  pieces: 1,
  records: texts.map((text) => Buffer.from(text)),
});
const piece = (number: number, at: number, pieces: number, text: string): Message => ({
  ...whole(number, text),
  piece: at,
  pieces,
});

test('a message comes back as it was', () => {
  for (const message of [whole(0, 'a', '', 'ccc'), piece(0xffff_ffff, 2, 3, 'part')]) {
    expect(decodeMessage(encodeMessage(message), 'topic', 0)).toEqual(message);
  }
});

test('what others wrote is no message; a flipped bit anywhere behind the mark is Corrupt, with topic and ordinal', () => {
  expect(decodeMessage(Buffer.from('hello'), 'topic', 0)).toBeUndefined();
  expect(decodeMessage(Buffer.alloc(100), 'topic', 0)).toBeUndefined();
  const bytes = encodeMessage(whole(7, 'record one', 'record two'));
  for (let bit = 32; bit < bytes.length * 8; bit++) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => decodeMessage(damaged, 'topic', 12)).toThrow(
      expect.objectContaining({
        kind: 'Corrupt',
        context: expect.objectContaining({ file: 'topic', offset: 12 }),
      }),
    );
  }
});

/** What the assembler makes of messages, as `message.record:text`. */
function assembled(expected: number, ...messages: Message[]): string[] {
  const assembler = new Assembler(WRITER, expected);
  return messages
    .flatMap((message) => assembler.add(message))
    .map(({ message, record, bytes }) => `${message}.${record}:${Buffer.from(bytes)}`);
}

test('records count by message and place in it; a record in pieces by its first', () => {
  const messages = [whole(0, 'a', 'b'), piece(1, 0, 2, 'cc'), piece(2, 1, 2, 'dd'), whole(3, 'e')];
  expect(assembled(0, ...messages)).toEqual(['0.0:a', '0.1:b', '1.0:ccdd', '3.0:e']);
  expect(assembled(1, ...messages)).toEqual(['1.0:ccdd', '3.0:e']);
});

test('messages sent again count once, also in the middle of a record', () => {
  const messages = [
    whole(0, 'a'),
    piece(1, 0, 2, 'b'),
    whole(0, 'a'),
    piece(1, 0, 2, 'b'),
    piece(2, 1, 2, 'c'),
  ];
  expect(assembled(0, ...messages, ...messages, whole(3, 'd'))).toEqual(['0.0:a', '1.0:bc', '3.0:d']);
});

test('nothing counts behind a message that is missing, until it comes', () => {
  expect(assembled(0, whole(0, 'a'), whole(2, 'c'), whole(3, 'd'))).toEqual(['0.0:a']);
  expect(assembled(0, whole(0, 'a'), whole(2, 'c'), whole(1, 'b'), whole(2, 'c'))).toEqual([
    '0.0:a',
    '1.0:b',
    '2.0:c',
  ]);
});

test('a record without its last piece, and messages of another writer, are none', () => {
  expect(assembled(0, piece(0, 0, 3, 'a'), piece(1, 1, 3, 'b'))).toEqual([]);
  expect(assembled(0, { ...whole(0, 'x'), writer: 'f'.repeat(16) }, whole(0, 'a'))).toEqual(['0.0:a']);
});

test('appends that wait share a message as far as they fit; a longer record goes in pieces; order stays', () => {
  const outbox = new Outbox(100);
  const pending = (bytes: number): Pending => ({
    record: new Uint8Array(bytes),
    resolve: () => undefined,
    reject: () => undefined,
  });
  for (const bytes of [10, 20, 30, 64, 65, 150, 1]) outbox.add(pending(bytes));
  const taken: string[] = [];
  for (let number = 0; !outbox.isEmpty; number++) {
    const { piece: at, pieces, records, appends } = outbox.take(number);
    expect(encodeMessage({ writer: WRITER, number, piece: at, pieces, records }).length).toBeLessThanOrEqual(
      100,
    );
    taken.push(`${at}/${pieces} ${records.map(({ length }) => length).join('+')} ends ${appends.length}`);
  }
  expect(taken).toEqual([
    '0/1 10+20 ends 2',
    '0/1 30 ends 1',
    '0/1 64 ends 1',
    '0/2 64 ends 0',
    '1/2 1 ends 1',
    '0/3 64 ends 0',
    '1/3 64 ends 0',
    '2/3 22 ends 1',
    '0/1 1 ends 1',
  ]);
});

test('positions are ordered as bytes like the places they name', () => {
  const places = [
    { term: 1, index: 0, message: 0, record: 0 },
    { term: 1, index: 0, message: 0, record: 256 },
    { term: 1, index: 0, message: 300, record: 1 },
    { term: 1, index: 2, message: 0, record: 0 },
    { term: 2 ** 40, index: 0, message: 0, record: 0 },
  ];
  const positions = places.map(encodePosition);
  expect([...positions].sort(compareWalPositions)).toEqual(positions);
  expect(places.toSorted(comparePlaces)).toEqual(places);
  expect(positions.map(decodePosition)).toEqual(places);
  expect(places.map((place) => parsePlaceText(placeText(place)))).toEqual(places);
  expect(parsePlaceText('00')).toBeUndefined();
  expect(() => decodePosition(new Uint8Array(16))).toThrow('has 20 bytes, got 16');
});

test('names of topics belong to one channel, however it is called', () => {
  const key = { term: 12, index: 3, writer: WRITER };
  const name = topicName('wal-a', key);
  expect(parseTopicName('wal-a', name)).toEqual(key);
  expect(parseTopicName('wal-', name)).toBeUndefined();
  expect(parseTopicName('wal-a', topicName('wal-a-t1-0', key))).toBeUndefined();
  expect(parseTopicName('wal-a', 'wal-a-index')).toBeUndefined();
});

test('the extent of a topic: what is durable, over all its ledgers', () => {
  const ledgers = [
    { ledgerId: 3, entries: 10 },
    { ledgerId: 5, entries: 0 },
    { ledgerId: 9, entries: 4 },
    { ledgerId: 12, entries: 0 },
  ];
  const extent = extentOf({ ledgers, lastConfirmedEntry: '12:1', totalSize: 100 });
  expect(extent.count).toBe(16);
  expect([0, 9, 10, 13, 14, 15].map((ordinal) => entryAt(extent, ordinal))).toEqual([
    { ledger: 3, entry: 0 },
    { ledger: 3, entry: 9 },
    { ledger: 9, entry: 0 },
    { ledger: 9, entry: 3 },
    { ledger: 12, entry: 0 },
    { ledger: 12, entry: 1 },
  ]);
  expect(() => entryAt(extent, 16)).toThrow('no entry 16');
  expect(extentOf({ ledgers, lastConfirmedEntry: '9:2', totalSize: 100 }).count).toBe(13);
  expect(
    extentOf({ ledgers: [{ ledgerId: 3, entries: 0 }], lastConfirmedEntry: '3:-1', totalSize: 0 }).count,
  ).toBe(0);
});

test('message ids are those of Pulsar', () => {
  // As a broker gave it: ledger 11, entry 3201, and two fields more.
  expect(decodeMessageId(Buffer.from('CAsQgRkwAA==', 'base64'))).toEqual({ ledger: 11, entry: 3201 });
  expect(encodeMessageId({ ledger: 11, entry: 3201 }).toString('base64')).toBe('CAsQgRk=');
  for (const id of [
    { ledger: 0, entry: 0 },
    { ledger: 127, entry: 128 },
    { ledger: 2 ** 40, entry: -1 },
  ]) {
    expect(decodeMessageId(encodeMessageId(id))).toEqual(id);
  }
});
