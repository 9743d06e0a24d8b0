import { isWriter, type TopicKey } from './names.ts';

/**
 * A message of a channel's index topic, as JSON. `begin`: a writer that opens the channel for a term (topic index 0), or
 * goes on in its next topic. `empty`: topics that were sealed without a record; they are deleted, and nobody misses them.
 */
export type IndexRecord =
  | { readonly kind: 'begin'; readonly key: TopicKey }
  | { readonly kind: 'empty'; readonly names: readonly string[] };

/** The topics of a channel, in the order of their records. */
export interface ChainTopic extends TopicKey {
  readonly name: string;
}

export interface Chain {
  readonly topics: readonly ChainTopic[];
  /** Highest term that opened the channel; 0 = none. */
  readonly term: number;
}

export const NO_CHAIN: Chain = { topics: [], term: 0 };

export function encodeIndexRecord(record: IndexRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

/** Undefined for bytes of another form. */
export function decodeIndexRecord(data: Buffer): IndexRecord | undefined {
  let record: { kind?: unknown; key?: Partial<TopicKey>; names?: unknown } | null;
  try {
    record = JSON.parse(data.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (record?.kind === 'empty' && Array.isArray(record.names)) return record as IndexRecord;
  const { term, index, writer } = record?.key ?? {};
  const isKey = Number.isSafeInteger(term) && Number.isSafeInteger(index) && isWriter(writer);
  return record?.kind === 'begin' && isKey ? (record as IndexRecord) : undefined;
}

/**
 * What the next message of the index makes of a chain. Its order alone decides who owns a term: of the writers that begin a
 * term the first, and only if no higher one has begun; a further topic only of the newest writer. Anything else is void.
 */
export function extendChain(chain: Chain, record: IndexRecord, nameOf: (key: TopicKey) => string): Chain {
  const { topics, term } = chain;
  if (record.kind === 'empty') {
    return { topics: topics.filter(({ name }) => !record.names.includes(name)), term };
  }
  const { key } = record;
  const last = topics.at(-1);
  const isNext =
    key.index === 0
      ? key.term > term
      : last?.writer === key.writer && last.term === key.term && last.index + 1 === key.index;
  if (!isNext) return chain;
  return { topics: [...topics, { ...key, name: nameOf(key) }], term: key.term };
}
