/** Where Pulsar keeps a message: its entry in a ledger. A topic is a row of ledgers. */
export interface EntryId {
  readonly ledger: number;
  readonly entry: number;
}

/** What a broker says of a topic (`internalStats`), as far as it is used here. */
export interface TopicStats {
  /** `ledger:entry`; the entry is -1 when there is none. */
  readonly lastConfirmedEntry: string;
  /** The count of the last one is 0 while it is written. */
  readonly ledgers: readonly { readonly ledgerId: number; readonly entries: number }[];
  readonly totalSize: number;
  readonly properties?: Readonly<Record<string, string>>;
}

/** What is durable in a topic. A message is an entry: batching is off. */
export interface Extent {
  readonly ledgers: readonly { readonly id: number; readonly entries: number }[];
  readonly count: number;
  readonly bytes: number;
}

export function extentOf({ lastConfirmedEntry, ledgers, totalSize }: TopicStats): Extent {
  const last = parseEntryId(lastConfirmedEntry, ':');
  const filled = ledgers
    .map(({ ledgerId, entries }) => ({
      id: ledgerId,
      entries: ledgerId < last.ledger ? entries : ledgerId === last.ledger ? last.entry + 1 : 0,
    }))
    .filter(({ entries }) => entries > 0);
  return { ledgers: filled, count: filled.reduce((sum, { entries }) => sum + entries, 0), bytes: totalSize };
}

/** `ordinal` counts the entries of the topic from 0 and lies below `count`. */
export function entryAt({ ledgers }: Extent, ordinal: number): EntryId {
  let left = ordinal;
  for (const { id, entries } of ledgers) {
    if (left < entries) return { ledger: id, entry: left };
    left -= entries;
  }
  throw new RangeError(`the topic has no entry ${ordinal}`);
}

/** Of `ledger<separator>entry`, with whatever comes behind. */
export function parseEntryId(text: string, separator: string): EntryId {
  const [ledger, entry] = text.split(separator);
  return { ledger: Number(ledger), entry: Number(entry) };
}

export function entryKey({ ledger, entry }: EntryId): string {
  return `${ledger}:${entry}`;
}

/** Pulsar's MessageIdData in protobuf: field 1 the ledger, field 2 the entry, both u64. */
export function encodeMessageId({ ledger, entry }: EntryId): Buffer {
  return Buffer.from([0x08, ...varint(BigInt(ledger)), 0x10, ...varint(BigInt.asUintN(64, BigInt(entry)))]);
}

export function decodeMessageId(bytes: Buffer): EntryId {
  const numbers: number[] = [];
  let at = 0;
  while (at < bytes.length && numbers.length < 2) {
    at++;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    numbers.push(Number(BigInt.asIntN(64, value)));
  }
  return { ledger: numbers[0] ?? -1, entry: numbers[1] ?? -1 };
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}
