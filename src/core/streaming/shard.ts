import type { CollectionInfo, SegmentInfo } from '../domain/catalog.ts';
import type { Column, ColumnBatch } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import { DataType } from '../domain/dataTypes.ts';
import { ElanusError } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { primaryKeyField } from '../domain/schema.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { IndexHost } from '../segment/indexHost.ts';
import { KeyTable } from '../segment/keyTable.ts';
import { LocalSegment } from '../segment/localSegment.ts';
import type { InsertSection, WalRecord, WriteRecord } from './record.ts';
import { type MarkingWrite, ShardSegment } from './shardSegment.ts';

/** Rows of one write for one partition. */
export interface RoutedInsert {
  readonly partitionId: number;
  readonly batch: ColumnBatch;
}

/**
 * One shard of a collection at its owner: all its segments, and the one function that changes them, `apply`. Live writes
 * and replay call it alike, in log order.
 */
export class Shard {
  collection: CollectionInfo;
  readonly vchannel: string;
  readonly number: number;
  readonly segments = new Map<number, ShardSegment>();
  appliedTs: Timestamp = 0n;
  /** Log position of the last record applied, hex. */
  appliedPosition = '';
  /** Records at or before it were applied before the last start: hex; undefined = none. */
  readonly checkpoint: string | undefined;
  /** Set when the shard cannot be served: the reason for every further call. */
  failure: ElanusError | undefined;
  /** The collection is gone: records that are still under way change nothing. */
  dropped = false;
  /** Entries of flushed segments that are gone and that the catalogue may still have: the next commit takes them out. */
  readonly gone = new Map<number, SegmentInfo>();
  /** Rows with a mark at or before it may have been dropped together with their whole segment. */
  horizonTs: Timestamp = 0n;
  /** Bytes of the records applied since the start. */
  appliedBytes = 0;
  readonly #host: IndexHost;
  /** Growing segment of each partition, as writes are sequenced. */
  readonly #assigned = new Map<number, { segmentId: number; bytes: number }>();
  /** Memory of growing segments whose first write is under way, and how many writes are. */
  readonly #prepared = new Map<number, { readonly local: LocalSegment; pending: number }>();

  constructor(host: IndexHost, collection: CollectionInfo, number: number, checkpoint: string | undefined) {
    this.#host = host;
    this.collection = collection;
    this.number = number;
    this.vchannel = collection.vchannels[number]!.vchannel;
    this.checkpoint = checkpoint;
  }

  isLoaded(partitionId: number): boolean {
    const { load } = this.collection;
    return load.state === 'loaded' && (load.partitionIds?.includes(partitionId) ?? true);
  }

  get keyField(): FieldSchema {
    return primaryKeyField(this.collection.schema);
  }

  /** Keys the server makes are new by construction: such inserts look nothing up. */
  get generatesKeys(): boolean {
    return (
      this.keyField.autoId && !this.collection.properties.some(({ key }) => key === 'allow_insert_auto_id')
    );
  }

  /**
   * The segment that the next rows of a partition go to, with memory for them: called when a write is sequenced, and
   * `settle` when it has ended, however it did. Error: Exhausted (resource memory).
   */
  assign(insert: RoutedInsert, bytes: number, newId: () => number, bytesMax: number): number {
    const assigned = this.#assigned.get(insert.partitionId);
    if (assigned !== undefined && assigned.bytes + bytes <= bytesMax) {
      const local = this.#localOf(assigned.segmentId);
      if (local !== undefined && hasMemory(() => local.promise(insert.batch))) {
        assigned.bytes += bytes;
        return this.#pending(assigned.segmentId);
      }
    }
    // Its arena may be full, and another one not.
    const local = this.#newLocal(newId(), insert.batch.columns);
    local.promise(insert.batch);
    this.#prepared.set(local.segmentId, { local, pending: 0 });
    this.#assigned.set(insert.partitionId, { segmentId: local.segmentId, bytes });
    return this.#pending(local.segmentId);
  }

  /** A write to these segments has been applied or has failed. */
  settle(segmentIds: readonly number[]): void {
    for (const segmentId of segmentIds) {
      const prepared = this.#prepared.get(segmentId);
      if (prepared === undefined || --prepared.pending > 0) continue;
      this.#prepared.delete(segmentId);
      this.#endAssignment(segmentId);
      prepared.local.dispose();
    }
  }

  /** Ends the assignment of all partitions and names the segments that a flush record must seal. */
  endAssignments(): readonly number[] {
    const ids = new Set<number>();
    for (const segment of this.segments.values()) if (!segment.sealed) ids.add(segment.segmentId);
    for (const { segmentId } of this.#assigned.values()) ids.add(segmentId);
    this.#assigned.clear();
    return [...ids];
  }

  /** Registers a flushed segment of the catalogue. */
  addFlushed(info: SegmentInfo, segment: ShardSegment): void {
    segment.sealed = true;
    segment.info = info;
    this.segments.set(info.segmentId, segment);
  }

  /** Applies one durable record; returns the rows it hid. `previous` is the position of the record before it. */
  apply(record: WalRecord, position: string, previous: string | undefined): number {
    if (this.dropped) return 0;
    let hidden = 0;
    if (record.type === 'write') hidden = this.#applyWrite(record, position, previous);
    else if (record.type === 'flush') this.#sealAll();
    else this.dropRowsUpTo(record.timestamp);
    if (record.timestamp > this.appliedTs) this.appliedTs = record.timestamp;
    this.appliedPosition = position;
    return hidden;
  }

  /** True when `record` needs the key tables of all segments. */
  needsKeys(record: {
    readonly deleteKeys: Column | undefined;
    readonly inserts: readonly unknown[];
  }): boolean {
    return record.deleteKeys !== undefined || (record.inserts.length > 0 && !this.generatesKeys);
  }

  /** Builds missing key tables of rows in memory; returns the segments whose keys must be read from their files. */
  buildLocalKeys(): ShardSegment[] {
    const remote: ShardSegment[] = [];
    for (const segment of this.segments.values()) {
      if (segment.keys !== undefined) continue;
      if (segment.local === undefined) remote.push(segment);
      else segment.buildKeys(this.keyKind, segment.local.columns(this.keyField.fieldId));
    }
    return remote;
  }

  /** True when key tables are in use: then every segment has to have one. */
  anyKeys(): boolean {
    return [...this.segments.values()].some((segment) => segment.keys !== undefined);
  }

  /** After recovery: growing segments of the present schema go on growing. */
  resumeAssignments(): void {
    const fieldCount = this.collection.schema.fields.length;
    for (const segment of this.segments.values()) {
      if (segment.sealed || segment.local?.fieldIds.length !== fieldCount) continue;
      this.#assigned.set(segment.partitionId, {
        segmentId: segment.segmentId,
        bytes: segment.local.bytesUsed,
      });
      this.appliedBytes += segment.local.bytesUsed;
    }
  }

  /** Segments of the partitions asked for; undefined = all. */
  segmentsOf(partitionIds: readonly number[] | undefined): ShardSegment[] {
    const all = [...this.segments.values()];
    return partitionIds === undefined
      ? all
      : all.filter((segment) => partitionIds.includes(segment.partitionId));
  }

  /** Takes a newer catalogue entry over; segments of partitions that are gone go too. */
  update(collection: CollectionInfo): void {
    if (collection.revision <= this.collection.revision) return;
    const schemaChanged = collection.schema.version !== this.collection.schema.version;
    this.collection = collection;
    const alive = (id: number) => collection.partitions.some(({ partitionId }) => partitionId === id);
    for (const segment of this.segments.values()) if (!alive(segment.partitionId)) this.remove(segment);
    for (const partitionId of this.#assigned.keys())
      if (!alive(partitionId)) this.#assigned.delete(partitionId);
    // Rows of a new schema go to new segments; the old ones show the added fields as missing.
    if (schemaChanged) {
      this.#assigned.clear();
      for (const segment of this.segments.values()) this.#showMissing(segment);
    }
    if (collection.truncatedTs > 0n) this.dropRowsUpTo(collection.truncatedTs);
  }

  /** Removes segments whose rows are all at or before `timestamp`; truncation seals all segments, so none is mixed. */
  dropRowsUpTo(timestamp: Timestamp): void {
    for (const segment of this.segments.values()) {
      if (segment.timestamps.last <= timestamp) this.remove(segment);
    }
  }

  /** Forgets a segment: its rows now, its entry with the next commit. */
  remove(segment: ShardSegment): void {
    this.segments.delete(segment.segmentId);
    this.#endAssignment(segment.segmentId);
    if (segment.info !== undefined) this.gone.set(segment.segmentId, segment.info);
    segment.local?.dispose();
  }

  #applyWrite(record: WriteRecord, position: string, previous: string | undefined): number {
    const earlier = new Set<ShardSegment>();
    const write = { timestamp: record.timestamp, position, replayFrom: previous, earlier };
    let hidden = 0;
    if (record.deleteKeys !== undefined) {
      hidden += this.#hideKeys(record.deleteKeys, this.segmentsOf(record.deletePartitionIds), write);
    }
    for (const insert of record.inserts) {
      hidden += this.#applyInsert(insert, write);
      const segment = this.segments.get(insert.segmentId);
      if (segment !== undefined) earlier.add(segment);
    }
    return hidden;
  }

  #hideKeys(keys: Column, targets: readonly ShardSegment[], write: MarkingWrite): number {
    // Segments made since the write was sequenced have their rows here, so their keys can be built at once.
    this.buildLocalKeys();
    let hidden = 0;
    for (const segment of targets) {
      for (let i = 0; i < keys.rows; i++) if (segment.hide(keys, i, write)) hidden++;
    }
    return hidden;
  }

  #applyInsert(insert: InsertSection, write: MarkingWrite): number {
    const { partitionId, segmentId, batch } = insert;
    if (!this.collection.partitions.some((partition) => partition.partitionId === partitionId)) return 0;
    if (write.timestamp <= this.collection.truncatedTs) return 0;
    let segment = this.segments.get(segmentId);
    let hidden = 0;
    const keys = columnOf(batch, this.keyField.fieldId)!;
    if (!this.generatesKeys) {
      const others = [...this.segments.values()].filter((other) => other !== segment);
      hidden = this.#hideKeys(keys, others, write);
    }
    // The catalogue has these rows already; only the marks they set had to be found again.
    if (segment?.info !== undefined) return hidden;
    if (segment === undefined) {
      segment = new ShardSegment(segmentId, partitionId, write.replayFrom);
      segment.local = this.#prepared.get(segmentId)?.local ?? this.#newLocal(segmentId, batch.columns);
      this.#prepared.delete(segmentId);
      if (!this.generatesKeys) segment.keys = new KeyTable(this.keyKind);
      this.segments.set(segmentId, segment);
      this.#showMissing(segment);
    }
    segment.local!.append(batch);
    segment.lastPosition = write.position;
    segment.timestamps.push(write.timestamp, batch.rows);
    return segment.keys === undefined ? hidden : hidden + this.#putKeys(segment, keys, write);
  }

  #putKeys(segment: ShardSegment, keys: Column, write: MarkingWrite): number {
    let hidden = 0;
    for (let i = 0; i < keys.rows; i++) {
      const older = segment.keys!.put(keys, i);
      if (older < 0 || !segment.markRow(older, write.timestamp, write.replayFrom)) continue;
      if (segment.timestamps.of(older) < write.timestamp) hidden++;
    }
    return hidden;
  }

  get keyKind(): 'int64' | 'bytes' {
    return this.keyField.dataType === DataType.VarChar ? 'bytes' : 'int64';
  }

  /** Every segment that is here has all its rows before the record that seals, and gets none after it. */
  #sealAll(): void {
    for (const segment of this.segments.values()) segment.sealed = true;
  }

  #newLocal(segmentId: number, columns: readonly { readonly fieldId: number }[]): LocalSegment {
    return new LocalSegment(this.#host, 'streaming', segmentId, fieldsOf(this.collection, columns));
  }

  #localOf(segmentId: number): LocalSegment | undefined {
    return this.segments.get(segmentId)?.local ?? this.#prepared.get(segmentId)?.local;
  }

  #pending(segmentId: number): number {
    const prepared = this.#prepared.get(segmentId);
    if (prepared !== undefined) prepared.pending++;
    return segmentId;
  }

  #endAssignment(segmentId: number): void {
    for (const [partitionId, assigned] of this.#assigned)
      if (assigned.segmentId === segmentId) this.#assigned.delete(partitionId);
  }

  #showMissing(segment: ShardSegment): void {
    if (segment.local === undefined) return;
    const stored = new Set(segment.local.fieldIds);
    segment.local.store.setMissing(
      this.collection.schema.fields.filter((field) => !stored.has(field.fieldId)),
    );
  }
}

function fieldsOf(
  collection: CollectionInfo,
  columns: readonly { readonly fieldId: number }[],
): FieldSchema[] {
  return collection.schema.fields.filter((field) => columns.some(({ fieldId }) => fieldId === field.fieldId));
}

/** False when `reserve` finds no memory. */
function hasMemory(reserve: () => void): boolean {
  try {
    reserve();
    return true;
  } catch (caught) {
    if (ElanusError.from(caught).kind === 'Exhausted') return false;
    throw caught;
  }
}
