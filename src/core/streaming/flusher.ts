import type { CoordinatorService } from '../coordinator/service.ts';
import type { DataService } from '../data/service.ts';
import type { SegmentInfo } from '../domain/catalog.ts';
import { assert, ElanusError } from '../domain/errors.ts';
import type { Logger } from '../ports/logger.ts';
import type { QueryService } from '../query/service.ts';
import { isGraphIndex } from '../segment/indexHost.ts';
import { type FileDeps, segmentKey, segmentObjectKeys, storeObject } from '../segment/segmentFiles.ts';
import { storeRows } from '../segment/segmentWriter.ts';
import type { ChannelWriter } from './channelWriter.ts';
import type { Shard } from './shard.ts';
import type { ShardSegment } from './shardSegment.ts';

export interface FlusherDeps {
  readonly files: FileDeps;
  readonly coordinator: CoordinatorService;
  readonly query: QueryService;
  readonly data: DataService;
  readonly logger: Logger;
  readonly indexRowsMin: number;
}

/**
 * Turns sealed segments into objects and catalogue entries, in the background, one shard at a time. The order of steps is
 * that of docs/decisions/002: objects, catalogue with checkpoint, index files, hand-over to the query role.
 */
export class Flusher {
  readonly #deps: FlusherDeps;
  #queue: Promise<void> = Promise.resolve();

  constructor(deps: FlusherDeps) {
    this.#deps = deps;
  }

  /** Brings the shard's objects up to date; runs queue up. */
  flush(shard: Shard, channel: ChannelWriter): Promise<void> {
    return this.exclusively(() => this.#flushShard(shard, channel));
  }

  /** Runs `work` when no flush runs, and lets none start meanwhile. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const run = this.#queue.then(work);
    // The caller handles the failure of `run`; the next run starts all the same.
    this.#queue = run.then(
      () => undefined,
      () => undefined,
    );
    return run;
  }

  /** Resolves when what was queued so far is done. */
  idle(): Promise<void> {
    return this.#queue;
  }

  async #flushShard(shard: Shard, channel: ChannelWriter): Promise<void> {
    const sealed = [...shard.segments.values()].filter(
      (segment) => segment.sealed && segment.info === undefined,
    );
    const added: SegmentInfo[] = [];
    for (const segment of sealed) {
      // A truncation or a dropped partition may take segments away at every await.
      if (shard.segments.get(segment.segmentId) !== segment) continue;
      if (segment.rows > 0) added.push(await this.#storeSegment(shard, segment));
    }
    const updated: SegmentInfo[] = [];
    for (const segment of shard.segments.values()) {
      if (segment.hasDirtyMarks) updated.push(await this.storeMarks(shard, segment, segment.info!));
    }
    const isHere = (info: SegmentInfo) => shard.segments.has(info.segmentId);
    await this.#commit(shard, channel, added.filter(isHere), updated.filter(isHere));
    for (const info of added) this.#becomeFlushed(shard, info);
    for (const info of updated) this.#becomeUpdated(shard, info);
    const gone = added.filter((info) => !isHere(info));
    if (gone.length > 0) await this.#forget(shard, channel, gone);
    for (const info of added) await this.#finish(shard, channel, info.segmentId);
  }

  async #storeSegment(shard: Shard, segment: ShardSegment): Promise<SegmentInfo> {
    assert(segment.local !== undefined, 'an unflushed segment has its rows here');
    segment.local.retain();
    try {
      const stored = await storeRows(
        this.#deps.files,
        shard.collection,
        segment.segmentId,
        segment.local,
        segment.timestamps,
      );
      const info: SegmentInfo = {
        segmentId: segment.segmentId,
        collectionId: shard.collection.collectionId,
        partitionId: segment.partitionId,
        vchannel: shard.vchannel,
        schemaVersion: shard.collection.schema.version,
        ...stored,
        toPosition: segment.lastPosition,
        marksPosition: segment.lastPosition,
        markedRows: 0,
        horizonTs: 0n,
        marks: undefined,
        indexes: [],
      };
      return await this.storeMarks(shard, segment, info);
    } finally {
      segment.local.release();
    }
  }

  /** Writes all marks so far to a file of their own; the entry says up to which log position they go. */
  async storeMarks(shard: Shard, segment: ShardSegment, info: SegmentInfo): Promise<SegmentInfo> {
    const { count } = segment.marks;
    const marksPosition = shard.appliedPosition > info.toPosition ? shard.appliedPosition : info.toPosition;
    if (count === 0) return { ...info, marksPosition };
    const key = segmentKey(info.collectionId, info.segmentId, `marks-${count}.bin`);
    const marks = await storeObject(this.#deps.files, key, segment.marks.encode(count));
    return { ...info, marks, marksPosition, markedRows: count };
  }

  /** Takes the entries of segments that are gone out of the catalogue, then deletes their objects. */
  forget(shard: Shard, channel: ChannelWriter, gone: readonly SegmentInfo[]): Promise<void> {
    return this.exclusively(() => this.#forget(shard, channel, gone));
  }

  async #forget(shard: Shard, channel: ChannelWriter, gone: readonly SegmentInfo[]): Promise<void> {
    const removeIds = gone.map((info) => info.segmentId);
    await this.#commit(shard, channel, [], [], removeIds);
    for (const key of gone.flatMap(segmentObjectKeys)) await this.#deps.files.objectStore.delete(key);
  }

  /** Compaction: `add` takes the place of `removeIds`. */
  async replace(
    shard: Shard,
    channel: ChannelWriter,
    add: readonly SegmentInfo[],
    removeIds: readonly number[],
  ): Promise<void> {
    await this.#commit(shard, channel, add, [], removeIds);
  }

  async #commit(
    shard: Shard,
    channel: ChannelWriter,
    add: readonly SegmentInfo[],
    update: readonly SegmentInfo[],
    removeIds: readonly number[] = [],
  ): Promise<void> {
    const covered = new Map([...add, ...update].map((info) => [info.segmentId, info]));
    const checkpoint = checkpointOf(shard, covered);
    await this.#deps.coordinator.commitSegments({
      vchannel: shard.vchannel,
      term: channel.term,
      add,
      update,
      removeIds,
      checkpoint,
    });
  }

  #becomeFlushed(shard: Shard, info: SegmentInfo): void {
    const segment = shard.segments.get(info.segmentId);
    if (segment === undefined) return;
    segment.info = info;
    this.#marksAreSaved(segment, info);
  }

  #becomeUpdated(shard: Shard, info: SegmentInfo): void {
    const segment = shard.segments.get(info.segmentId);
    if (segment?.info === undefined) return;
    const old = segment.info.marks;
    segment.info = {
      ...segment.info,
      marks: info.marks,
      marksPosition: info.marksPosition,
      markedRows: info.markedRows,
    };
    this.#marksAreSaved(segment, info);
    if (old !== undefined && old.key !== info.marks?.key) this.#deleteLater([old.key]);
  }

  #marksAreSaved(segment: ShardSegment, info: SegmentInfo): void {
    segment.marksSaved = info.markedRows;
    // Marks made while the file was written still need the log behind the file's position.
    segment.marksDirtyFrom = segment.marks.count > info.markedRows ? info.marksPosition : undefined;
  }

  #deleteLater(keys: readonly string[]): void {
    for (const key of keys) {
      this.#deps.files.objectStore.delete(key).catch((caught: unknown) => {
        this.#deps.logger.warn('an object was not deleted', { key, error: ElanusError.from(caught).text });
      });
    }
  }

  /** Index files, then the hand-over to the query role if the collection is loaded. */
  async #finish(shard: Shard, channel: ChannelWriter, segmentId: number): Promise<void> {
    const segment = shard.segments.get(segmentId);
    if (segment?.info === undefined) return;
    if (segment.local !== undefined) await this.#saveIndexes(shard, channel, segment);
    if (shard.isLoaded(segment.partitionId)) await this.handOver(shard, channel, segment);
    else await this.#forgetRows(channel, segment);
  }

  /** Saves graphs that were built beside the rows; those of a later index are built by the data role. */
  async #saveIndexes(shard: Shard, channel: ChannelWriter, segment: ShardSegment): Promise<void> {
    const local = segment.local!;
    local.retain();
    try {
      await local.buildIndexes(shard.collection);
      for (const index of shard.collection.indexes) {
        const graph = local.index(index.fieldId);
        if (!isGraphIndex(index) || graph?.indexId !== index.indexId || graph.indexedRows < segment.rows)
          continue;
        const key = segmentKey(
          shard.collection.collectionId,
          segment.segmentId,
          `index-${index.indexId}.bin`,
        );
        const file = await storeObject(this.#deps.files, key, await graph.save());
        await this.addIndexFile(shard, channel, segment, { ...file, indexId: index.indexId });
      }
    } finally {
      local.release();
    }
  }

  async addIndexFile(
    shard: Shard,
    channel: ChannelWriter,
    segment: ShardSegment,
    file: SegmentInfo['indexes'][number],
  ): Promise<void> {
    const others = segment.info!.indexes.filter((other) => other.indexId !== file.indexId);
    const info = { ...segment.info!, indexes: [...others, file] };
    await this.#commit(shard, channel, [], [info]);
    segment.info = { ...segment.info!, indexes: info.indexes };
  }

  /** The query role loads the segment; then its rows here are forgotten. */
  async handOver(shard: Shard, channel: ChannelWriter, segment: ShardSegment): Promise<void> {
    segment.served = this.#deps.query.loadSegments({
      collection: shard.collection,
      segments: [segment.info!],
    });
    try {
      await segment.served;
      segment.loaded = true;
    } catch (caught) {
      segment.served = undefined;
      throw caught;
    }
    await this.#forgetRows(channel, segment);
  }

  async #forgetRows(channel: ChannelWriter, segment: ShardSegment): Promise<void> {
    // A write that was sequenced before may still build the key table from the rows: see Shard.buildLocalKeys.
    await channel.drain();
    segment.local?.dispose();
    segment.local = undefined;
  }
}

const NOTHING_COVERED: ReadonlyMap<number, SegmentInfo> = new Map();

/**
 * The position that replay must start from for what is only in the log: 'nothing' is, or from there, or undefined = from
 * the first record. `covered` entries are about to be durable.
 */
export function pinnedFrom(
  shard: Shard,
  covered: ReadonlyMap<number, SegmentInfo> = NOTHING_COVERED,
): { readonly from: string | undefined } | 'nothing' {
  let pin: { from: string | undefined } | 'nothing' = 'nothing';
  for (const segment of shard.segments.values()) {
    const info = covered.get(segment.segmentId);
    if (segment.info === undefined && info === undefined) {
      if (segment.rows > 0) pin = lesser(pin, segment.replayFrom);
    } else if (segment.marks.count > (info?.markedRows ?? segment.marksSaved)) {
      pin = lesser(pin, info?.marksPosition ?? segment.marksDirtyFrom);
    }
  }
  return pin;
}

function lesser(
  pin: { from: string | undefined } | 'nothing',
  from: string | undefined,
): { from: string | undefined } {
  if (pin === 'nothing') return { from };
  if (pin.from === undefined || from === undefined) return { from: undefined };
  return pin.from < from ? pin : { from };
}

function checkpointOf(shard: Shard, covered: ReadonlyMap<number, SegmentInfo>): string | undefined {
  const pin = pinnedFrom(shard, covered);
  if (pin !== 'nothing') return pin.from;
  return shard.appliedPosition === '' ? shard.checkpoint : shard.appliedPosition;
}
