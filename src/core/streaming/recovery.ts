import type { ShardAssignment } from '../coordinator/service.ts';
import type { CollectionInfo, SegmentInfo } from '../domain/catalog.ts';
import type { Column } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import { ElanusError } from '../domain/errors.ts';
import { fieldById, TIMESTAMP_FIELD_ID } from '../domain/schema.ts';
import type { Logger } from '../ports/logger.ts';
import type { Wal } from '../ports/wal.ts';
import type { IndexHost } from '../segment/indexHost.ts';
import { Marks } from '../segment/marks.ts';
import { RowTimestamps } from '../segment/rowTimestamps.ts';
import { type FileDeps, loadColumnFile, loadObject, TIMESTAMP_FIELD } from '../segment/segmentFiles.ts';
import { type ChannelWriter, toHex } from './channelWriter.ts';
import { decodeRecord, type WalRecord } from './record.ts';
import { Shard } from './shard.ts';
import { ShardSegment } from './shardSegment.ts';

export interface RecoveryDeps {
  readonly wal: Wal;
  readonly files: FileDeps;
  readonly host: IndexHost;
  readonly logger: Logger;
}

/** A shard as the catalogue has it, without what is only in the log. A segment that cannot be read fails its shard. */
export async function recoverShard(deps: RecoveryDeps, assignment: ShardAssignment): Promise<Shard> {
  const { collection, vchannel } = assignment;
  const number = collection.vchannels.findIndex((candidate) => candidate.vchannel === vchannel);
  const shard = new Shard(deps.host, collection, number, assignment.checkpoint);
  for (const info of assignment.segments) {
    if (isGone(collection, info)) {
      shard.gone.set(info.segmentId, info);
      continue;
    }
    try {
      shard.addFlushed(info, await recoverSegment(deps.files, shard, info));
    } catch (caught) {
      failShard(deps.logger, shard, ElanusError.from(caught));
    }
  }
  return shard;
}

/** Its partition was dropped, or its rows were truncated, and the process ended before the entry was removed. */
function isGone(collection: CollectionInfo, info: SegmentInfo): boolean {
  const { partitions, truncatedTs } = collection;
  return info.maxTs <= truncatedTs || !partitions.some(({ partitionId }) => partitionId === info.partitionId);
}

async function recoverSegment(files: FileDeps, shard: Shard, info: SegmentInfo): Promise<ShardSegment> {
  const segment = new ShardSegment(info.segmentId, info.partitionId, undefined);
  segment.lastPosition = info.toPosition;
  if (info.marks !== undefined) segment.marks = Marks.decode(await loadObject(files, info.marks));
  segment.marksSaved = info.markedRows;
  if (info.minTs === info.maxTs) segment.timestamps.push(info.minTs, info.rows);
  else segment.timestamps = await loadTimestamps(files, shard, info);
  if (segment.timestamps.last > shard.appliedTs) shard.appliedTs = segment.timestamps.last;
  if (segment.marks.last > shard.appliedTs) shard.appliedTs = segment.marks.last;
  return segment;
}

export async function loadTimestamps(
  files: FileDeps,
  shard: Shard,
  info: SegmentInfo,
): Promise<RowTimestamps> {
  const timestamps = new RowTimestamps();
  for await (const { column, rows } of loadScalar(files, shard, info, TIMESTAMP_FIELD_ID)) {
    if (column.kind !== 'fixed' || !(column.values instanceof BigInt64Array)) continue;
    timestamps.pushColumn(column.values, rows);
  }
  return timestamps;
}

/** Reads the keys of a flushed segment whose rows are not in this role's memory. */
async function loadKeys(files: FileDeps, shard: Shard, segment: ShardSegment): Promise<void> {
  const parts: { column: Column; rows: number }[] = [];
  for await (const part of loadScalar(files, shard, segment.info!, shard.keyField.fieldId)) parts.push(part);
  segment.buildKeys(shard.keyKind, parts);
}

async function* loadScalar(files: FileDeps, shard: Shard, info: SegmentInfo, wanted: number) {
  const field = (fieldId: number) =>
    fieldId === TIMESTAMP_FIELD_ID ? TIMESTAMP_FIELD : fieldById(shard.collection.schema, fieldId)!;
  for await (const batch of loadColumnFile(files, info.scalars, field)) {
    yield { column: columnOf(batch, wanted)!, rows: batch.rows };
  }
}

/**
 * Applies what the log holds behind the channel's last position and each shard's checkpoint. Corruption fails the shards of
 * this channel, and only them: what the lost part held cannot be known.
 */
export async function replay(
  deps: RecoveryDeps,
  pchannel: string,
  shards: readonly Shard[],
  channel: ChannelWriter,
): Promise<void> {
  const byKey = new Map(
    shards.map((shard) => [shardKey(shard.collection.collectionId, shard.number), shard]),
  );
  let records = 0;
  try {
    for await (const entry of deps.wal.read(pchannel, undefined)) {
      const position = toHex(entry.position);
      if (channel.lastPosition !== undefined && position <= channel.lastPosition) continue;
      const record = decodeRecord(entry.record);
      channel.clock.observe(record.timestamp);
      const shard = byKey.get(shardKey(record.collectionId, record.shard));
      if (shard !== undefined && !(shard.checkpoint !== undefined && position <= shard.checkpoint)) {
        await replayRecord(deps, shard, record, position, channel.lastPosition);
        records++;
      }
      channel.lastPosition = position;
    }
  } catch (caught) {
    const error = ElanusError.from(caught);
    if (error.kind !== 'Corrupt') throw error;
    for (const shard of shards) failShard(deps.logger, shard, error);
  }
  for (const shard of shards) channel.clock.observe(shard.appliedTs);
  if (records > 0) deps.logger.info('replayed the log', { channel: pchannel, records });
}

async function replayRecord(
  deps: RecoveryDeps,
  shard: Shard,
  record: WalRecord,
  position: string,
  previous: string | undefined,
): Promise<void> {
  if (shard.failure !== undefined) return;
  try {
    if (record.type === 'write' && shard.needsKeys(record)) await ensureKeys(deps.files, shard);
    shard.apply(record, position, previous);
  } catch (caught) {
    failShard(deps.logger, shard, ElanusError.from(caught));
  }
}

/** Makes the key table of every segment, from memory or from files. */
export async function ensureKeys(
  files: FileDeps,
  shard: Shard,
  others: readonly ShardSegment[] = [],
): Promise<void> {
  for (const segment of others) await loadKeys(files, shard, segment);
  for (let remote = shard.buildLocalKeys(); remote.length > 0; remote = shard.buildLocalKeys()) {
    for (const segment of remote) await loadKeysIfHere(files, shard, segment);
  }
}

/** The files of a segment that was dropped or compacted away meanwhile may be gone. */
async function loadKeysIfHere(files: FileDeps, shard: Shard, segment: ShardSegment): Promise<void> {
  const isHere = () => shard.segments.get(segment.segmentId) === segment;
  try {
    if (isHere()) await loadKeys(files, shard, segment);
  } catch (caught) {
    if (isHere()) throw caught;
  }
}

function failShard(logger: Logger, shard: Shard, error: ElanusError): void {
  shard.failure = error;
  logger.error('a shard cannot be served', {
    collection: shard.collection.schema.name,
    vchannel: shard.vchannel,
    error: error.text,
  });
}

function shardKey(collectionId: number, shard: number): string {
  return `${collectionId}/${shard}`;
}
