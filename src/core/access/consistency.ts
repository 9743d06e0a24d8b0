import type { CollectionInfo } from '../domain/catalog.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import { latestReadTs } from '../rank/mergeRows.ts';
import type { AccessDependencies } from './dependencies.ts';
import type { ReadConsistency } from './requests.ts';

const SESSION = 1;
const CUSTOMIZED = 4;
const LOGICAL_MASK = 0x3ffffn;

/**
 * The floor a read asks the owners of the shards for; 0n = none. An owner reads at its latest applied timestamp, after
 * every acknowledged write, so Strong, Bounded and Eventually need no floor; Session and Customized bring theirs.
 * Clients that leave the level at its zero value (Strong) and send a timestamp mean that timestamp; the literals 1 and 2
 * stand for Eventually and Bounded, and as floors they ask for nothing.
 */
export function guaranteeOf(collection: CollectionInfo, asked: ReadConsistency): Timestamp {
  const level = asked.useDefault ? collection.consistencyLevel : asked.level;
  const legacy = !asked.useDefault && level === 0;
  return level === SESSION || level === CUSTOMIZED || legacy ? asked.guaranteeTs : 0n;
}

/**
 * Pages of an iterator are read at one timestamp, which the client got with the first page and sends with the others.
 * Such a timestamp has all its logical bits set, which no write's has in practice, so it is known for what it is
 * without any state here, also beside the write timestamps some clients send with a first page.
 */
export function isSessionTs(timestamp: Timestamp): boolean {
  return timestamp > LOGICAL_MASK && (timestamp & LOGICAL_MASK) === LOGICAL_MASK;
}

/** A timestamp to read several pages at: not before any write of `collection` that was acknowledged before the call. */
export async function openSession(
  { coordinator, streaming }: AccessDependencies,
  { collectionId, schema, vchannels }: CollectionInfo,
  partitionIds: readonly number[] | undefined,
  guaranteeTs: Timestamp,
): Promise<Timestamp> {
  const [allocated, ...replies] = await Promise.all([
    coordinator.allocTimestamps(1),
    ...vchannels.map(({ vchannel }) =>
      streaming.query({
        vchannel,
        collectionId,
        schemaVersion: schema.version,
        partitionIds,
        filter: undefined,
        guaranteeTs,
        snapshotTs: undefined,
        ignoreGrowing: false,
        outputFieldIds: [],
        limit: undefined,
        countOnly: true,
      }),
    ),
  ]);
  return latestReadTs([{ readTs: allocated }, ...replies]) | LOGICAL_MASK;
}
