import {
  decodeJson,
  encodeJson,
  joinPages,
  pagesByDocument,
  splitPages,
} from '../../core/coordinator/documentPages.ts';
import {
  CHANNEL_PREFIX,
  CHECKPOINT_PREFIX,
  CLUSTER_KEY,
  COLLECTION_PREFIX,
  checkpointKey,
  DROPPED_PREFIX,
  idAfter,
  SEGMENT_PREFIX,
  TERM_KEY,
} from '../../core/coordinator/keys.ts';
import { segmentOf, storedSegment } from '../../core/coordinator/segmentCodec.ts';
import type { SegmentInfo } from '../../core/domain/catalog.ts';
import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaEntry, MetaStore } from '../../core/ports/metaStore.ts';
import type { Wal } from '../../core/ports/wal.ts';
import { toHex } from '../../core/streaming/channelWriter.ts';
import { decodeRecord } from '../../core/streaming/record.ts';

/** Where all of a data set's entries lie. */
const PREFIXES = ['elanus/catalog/', 'elanus/coordinator/'];

/** A catalogue whose rows are all in objects, as it is written into another store. */
export interface SourceCatalog {
  /** The coordinator's term: the entry that makes a catalogue usable, and changes whenever a server opens it. */
  readonly term: MetaEntry;
  /** Everything else, by key; what a log's positions mean is taken out. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
  readonly segments: readonly SegmentInfo[];
  /** Terms of the physical channels, by name. */
  readonly channelTerms: ReadonlyMap<string, number>;
}

/** Undefined when nobody ever served from this store. */
export function readTerm(meta: MetaStore): Promise<MetaEntry | undefined> {
  return meta.get(TERM_KEY);
}

/**
 * Reads the catalogue for a log that is empty. A position of one log means nothing in another, so none is taken along:
 * without a checkpoint replay starts at the first record, and a segment that goes up to '', which is below every position,
 * is older than all of them. That holds because no record of the old log is still needed, which is checked.
 * Errors: Conflict (rows are only in the log), Corrupt, those of the stores.
 */
export async function readSourceCatalog(meta: MetaStore, wal: Wal): Promise<SourceCatalog> {
  const all = (await Promise.all(PREFIXES.map((prefix) => readAll(meta, prefix)))).flat();
  const term = all.find(({ key }) => key === TERM_KEY);
  if (term === undefined) throw new ElanusError('NotFound', 'the source has no catalogue');
  const collectionIds = new Set(
    below(all, COLLECTION_PREFIX).map(({ key }) => idAfter(COLLECTION_PREFIX, key)),
  );
  const channels = below(all, CHANNEL_PREFIX);
  await refuseUnflushed(wal, channels, collectionIds, below(all, CHECKPOINT_PREFIX));

  const entries = new Map<string, Uint8Array>();
  // The copy is a cluster of its own.
  const leftOut = [CLUSTER_KEY, CHECKPOINT_PREFIX, DROPPED_PREFIX, SEGMENT_PREFIX, CHANNEL_PREFIX];
  for (const { key, value } of all)
    if (key !== TERM_KEY && !leftOut.some((prefix) => key.startsWith(prefix))) entries.set(key, value);

  const segments: SegmentInfo[] = [];
  // What a dropped collection left is nobody's.
  const alive = below(all, SEGMENT_PREFIX).filter(({ key }) =>
    collectionIds.has(idAfter(SEGMENT_PREFIX, key)),
  );
  for (const pages of pagesByDocument(alive)) {
    const segment: SegmentInfo = { ...segmentOf(joinPages(pages)), toPosition: '', marksPosition: '' };
    segments.push(segment);
    const document = pages[0]!.key.slice(0, -2);
    splitPages('segment', segment.segmentId, storedSegment(segment)).forEach((page, i) => {
      entries.set(document + String(i).padStart(2, '0'), page);
    });
  }
  const channelTerms = new Map(
    channels.map(({ key, value }) => [
      key.slice(CHANNEL_PREFIX.length),
      (decodeJson(key, value) as { readonly term: number }).term,
    ]),
  );
  return { term, entries, segments, channelTerms };
}

/** The entry of a channel that nobody has claimed since. */
export function channelEntry(pchannel: string, term: number): readonly [key: string, value: Uint8Array] {
  return [CHANNEL_PREFIX + pchannel, encodeJson({ term, nodeId: '' })];
}

async function readAll(meta: MetaStore, prefix: string): Promise<MetaEntry[]> {
  const entries: MetaEntry[] = [];
  for (let afterKey: string | undefined; ; afterKey = entries.at(-1)!.key) {
    const page = await meta.range(prefix, afterKey === undefined ? {} : { afterKey });
    if (page.length === 0) return entries;
    for (const entry of page) entries.push(entry);
  }
}

function below(entries: readonly MetaEntry[], prefix: string): MetaEntry[] {
  return entries.filter(({ key }) => key.startsWith(prefix));
}

/** Conflict when a shard has records behind its checkpoint that say more than which segments are sealed. */
async function refuseUnflushed(
  wal: Wal,
  channels: readonly MetaEntry[],
  collectionIds: ReadonlySet<number>,
  checkpoints: readonly MetaEntry[],
): Promise<void> {
  const byKey = new Map(checkpoints.map(({ key, value }) => [key, decodeJson(key, value) as string]));
  for (const { key } of channels) {
    const pchannel = key.slice(CHANNEL_PREFIX.length);
    for await (const { position, record: bytes } of wal.read(pchannel, undefined)) {
      const record = decodeRecord(bytes);
      if (record.type === 'flush' || !collectionIds.has(record.collectionId)) continue;
      const checkpoint = byKey.get(checkpointKey(record.collectionId, record.shard));
      if (checkpoint !== undefined && toHex(position) <= checkpoint) continue;
      throw new ElanusError('Conflict', 'rows of the source are only in its log; run the migration again', {
        context: { channel: pchannel, collectionId: record.collectionId, position: toHex(position) },
      });
    }
  }
}
