import type { CoordinatorService } from '../coordinator/service.ts';
import type { DataService } from '../data/service.ts';
import type { SegmentInfo } from '../domain/catalog.ts';
import { assert, ElanusError } from '../domain/errors.ts';
import type { Logger } from '../ports/logger.ts';
import type { QueryService } from '../query/service.ts';
import type { HandOver } from '../segment/handOver.ts';
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
  readonly handOver: HandOver;
  readonly logger: Logger;
  readonly indexRowsMin: number;
}

/** A transaction takes 90 pages of entries, and a large segment has a few. */
const SEGMENTS_A_COMMIT = 16;
const REPLACE_TRIES = 5;
const REPLACE_PAUSE_MS = 1_000;

/**
 * Turns sealed segments into objects and catalogue entries, in the background, one shard at a time. The order of steps is
 * that of docs/decisions/002: objects, catalogue with checkpoint, index files, hand-over to the query role.
 */
export class Flusher {
  readonly #deps: FlusherDeps;
  #queue: Promise<void> = Promise.resolve();
  readonly #running = new Set<Promise<void>>();

  constructor(deps: FlusherDeps) {
    this.#deps = deps;
  }

  /** Brings the shard's objects up to date; runs queue up. */
  flush(shard: Shard, channel: ChannelWriter): Promise<void> {
    const run = this.exclusively(() => this.#flushShard(shard, channel)).then(() =>
      this.#finishAll(shard, channel),
    );
    this.#running.add(run);
    // The caller handles the failure of `run`.
    const forget = () => this.#running.delete(run);
    run.then(forget, forget);
    return run;
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

  /** Resolves when what was queued so far is on the object store and in the catalogue. */
  written(): Promise<void> {
    return this.#queue;
  }

  /** Resolves when it is indexed and handed over too. */
  async idle(): Promise<void> {
    await this.#queue;
    await Promise.allSettled([...this.#running]);
  }

  async #flushShard(shard: Shard, channel: ChannelWriter): Promise<void> {
    const behind = [...shard.segments.values()].filter(
      (segment) => isUnflushed(segment) || segment.hasDirtyMarks,
    );
    const groups = groupsOf(behind, SEGMENTS_A_COMMIT);
    // With nothing to write the checkpoint still moves on.
    for (const group of groups.length === 0 ? [[]] : groups) await this.#flushGroup(shard, channel, group);
  }

  /** Objects of some segments, then their entries in one transaction; what is not among them pins the checkpoint. */
  async #flushGroup(shard: Shard, channel: ChannelWriter, group: readonly ShardSegment[]): Promise<void> {
    const added: SegmentInfo[] = [];
    const updated: SegmentInfo[] = [];
    // A truncation or a dropped partition may take segments away at every await.
    const isHere = ({ segmentId }: { readonly segmentId: number }) => shard.segments.has(segmentId);
    for (const segment of group) {
      if (!isHere(segment)) continue;
      if (segment.info === undefined) added.push(await this.#storeSegment(shard, segment));
      else updated.push(await this.storeMarks(shard, segment, segment.info));
    }
    const committed = added.filter(isHere);
    await this.#commit(shard, channel, { add: committed, update: updated.filter(isHere) });
    for (const info of committed) {
      if (isHere(info)) this.#becomeFlushed(shard, info);
      else shard.gone.set(info.segmentId, info);
    }
    for (const info of updated) this.#becomeUpdated(shard, info);
    if (shard.gone.size > 0) await this.#commit(shard, channel, {});
    for (const info of added) if (!committed.includes(info)) this.#deleteLater(segmentObjectKeys(info));
  }

  /**
   * Index files and the hand-over of what is flushed, also where an earlier attempt failed; one that fails stops no other.
   * Not one of the exclusive steps: a large graph takes seconds, and other shards go on meanwhile.
   */
  async #finishAll(shard: Shard, channel: ChannelWriter): Promise<void> {
    const failures: unknown[] = [];
    for (const segment of [...shard.segments.values()]) {
      if (shard.segments.get(segment.segmentId) !== segment || segment.finishing) continue;
      if (segment.info === undefined || segment.local === undefined) continue;
      segment.finishing = true;
      try {
        await this.#finish(shard, channel, segment);
      } catch (caught) {
        failures.push(caught);
      } finally {
        segment.finishing = false;
      }
    }
    if (failures.length > 0) throw failures[0];
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
  forget(shard: Shard, channel: ChannelWriter): Promise<void> {
    return this.exclusively(async () => {
      if (shard.gone.size > 0) await this.#commit(shard, channel, {});
    });
  }

  /**
   * Compaction: `add` takes the place of `removeIds`. When nobody can tell whether it did, the shard fails: memory could
   * contradict the catalogue.
   */
  async replace(
    shard: Shard,
    channel: ChannelWriter,
    change: { readonly add: readonly SegmentInfo[]; readonly removeIds: readonly number[] },
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#commit(shard, channel, change);
      } catch (caught) {
        const error = ElanusError.from(caught);
        if (error.kind !== 'Unknown') throw error;
        if (attempt === REPLACE_TRIES) {
          shard.failure = error;
          throw error;
        }
        await this.#deps.files.clock.sleep(REPLACE_PAUSE_MS);
      }
    }
  }

  /** One transaction with the checkpoint that it allows; entries of segments that are gone go with it. */
  async #commit(shard: Shard, channel: ChannelWriter, change: Partial<EntryChange>): Promise<void> {
    // What is in memory of a shard that failed is not what the log says: its checkpoint must not move.
    if (shard.failure !== undefined) throw shard.failure;
    const { add = [], update = [], removeIds = [] } = change;
    // The coordinator removes the entries of a collection that is gone; what was stored for new ones is nobody's.
    if (shard.dropped) return this.#becomeForgotten(shard, [...add, ...update, ...shard.gone.values()]);
    const { vchannel } = shard;
    const { term } = channel;
    const groups = groupsOf([...shard.gone.values()], SEGMENTS_A_COMMIT);
    const last = groups.pop() ?? [];
    for (const group of groups) {
      // The checkpoint stays: the log still says that the others are gone.
      const ids = group.map((info) => info.segmentId);
      const part = { vchannel, term, add: [], update: [], removeIds: ids, checkpoint: undefined };
      await this.#deps.coordinator.commitSegments(part);
      this.#becomeForgotten(shard, group);
    }
    const covered = new Map([...add, ...update].map((info) => [info.segmentId, info]));
    const allRemoved = [...removeIds, ...last.map((info) => info.segmentId)];
    const checkpoint = checkpointOf(shard, covered);
    const whole = { vchannel, term, add, update, removeIds: allRemoved, checkpoint };
    await this.#deps.coordinator.commitSegments(whole);
    this.#becomeForgotten(shard, last);
  }

  #becomeForgotten(shard: Shard, infos: readonly SegmentInfo[]): void {
    for (const info of infos) {
      shard.gone.delete(info.segmentId);
      this.#deleteLater(segmentObjectKeys(info));
    }
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
  async #finish(shard: Shard, channel: ChannelWriter, segment: ShardSegment): Promise<void> {
    await this.#saveIndexes(shard, channel, segment);
    if (shard.segments.get(segment.segmentId) !== segment) return;
    if (shard.isLoaded(segment.partitionId)) await this.#handOver(shard, channel, segment);
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
        if (segment.info?.indexes.some(({ indexId }) => indexId === index.indexId)) continue;
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

  /** Adds an index to a segment's entry; nothing happens when the segment is gone. */
  addIndexFile(
    shard: Shard,
    channel: ChannelWriter,
    segment: ShardSegment,
    file: SegmentInfo['indexes'][number],
  ): Promise<void> {
    // Exclusive, since a flush that saves marks replaces the same entry.
    return this.exclusively(async () => {
      if (shard.segments.get(segment.segmentId) !== segment) return this.#deleteLater([file.key]);
      const others = segment.info!.indexes.filter((other) => other.indexId !== file.indexId);
      const info = { ...segment.info!, indexes: [...others, file] };
      await this.#commit(shard, channel, { update: [info] });
      segment.info = info;
    });
  }

  /** The query role loads the segment; then its rows here are forgotten. */
  async #handOver(shard: Shard, channel: ChannelWriter, segment: ShardSegment): Promise<void> {
    const request = { collection: shard.collection, segments: [segment.info!] };
    segment.served = this.#deps.handOver.during(segment.local!, () => this.#deps.query.loadSegments(request));
    try {
      await segment.served;
      segment.loaded = true;
    } catch (caught) {
      segment.served = undefined;
      throw caught;
    }
    await this.#forgetRows(channel, segment);
    if (shard.segments.get(segment.segmentId) === segment) return;
    // It was dropped while it was loaded.
    await this.#deps.query.releaseSegments([segment.segmentId]);
  }

  async #forgetRows(channel: ChannelWriter, segment: ShardSegment): Promise<void> {
    // A write that was sequenced before may still build the key table from the rows: see Shard.buildLocalKeys.
    await channel.drain();
    segment.local?.dispose();
    segment.local = undefined;
  }
}

/** Entries that change together. */
interface EntryChange {
  readonly add: readonly SegmentInfo[];
  readonly update: readonly SegmentInfo[];
  readonly removeIds: readonly number[];
}

function isUnflushed(segment: ShardSegment): boolean {
  return segment.sealed && segment.info === undefined && segment.rows > 0;
}

function groupsOf<Item>(items: readonly Item[], size: number): Item[][] {
  const groups: Item[][] = [];
  for (let at = 0; at < items.length; at += size) groups.push(items.slice(at, at + size));
  return groups;
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
