import type { CompactionResult, CompactionSource, DataService } from '../data/service.ts';
import type { SegmentInfo } from '../domain/catalog.ts';
import { composeTimestamp } from '../domain/timestamp.ts';
import type { Clock } from '../ports/clock.ts';
import { inBackground } from '../segment/background.ts';
import { isGraphIndex } from '../segment/indexHost.ts';
import { Marks } from '../segment/marks.ts';
import { segmentObjectKeys } from '../segment/segmentFiles.ts';
import type { ChannelWriter } from './channelWriter.ts';
import { type Flusher, type FlusherDeps, pinnedFrom } from './flusher.ts';
import { ensureKeys, loadTimestamps } from './recovery.ts';
import type { CompactionState } from './service.ts';
import type { Shard } from './shard.ts';
import type { ShardReads } from './shardReads.ts';
import { ShardSegment } from './shardSegment.ts';

export interface CompactorDeps extends FlusherDeps {
  readonly data: DataService;
  readonly clock: Clock;
  readonly settings: { readonly segmentBytesMax: number; readonly snapshotRetentionMs: number };
  readonly newId: () => Promise<number>;
  /** Has the query role serve what the catalogue says after segments were exchanged. */
  readonly matchLoad: (shard: Shard, channel: ChannelWriter) => Promise<void>;
}

/** That many small segments of a partition are merged without being asked. */
const SMALL_SEGMENTS_MAX = 8;
/** A segment with a larger share of marked rows is rewritten without being asked. */
const MARKED_SHARE_MAX = 0.2;
/** Their entries are exchanged in one transaction. */
const SOURCES_MAX = 32;
const DROPPED = 0xffffffff;

interface Plan {
  readonly shard: Shard;
  readonly channel: ChannelWriter;
  readonly sources: readonly ShardSegment[];
  readonly target: number;
}

/** Merges flushed segments of a partition and drops rows that nobody can read any more. */
export class Compactor {
  readonly #deps: CompactorDeps;
  readonly #reads: ShardReads;
  readonly #flusher: Flusher;
  readonly #states = new Map<number, CompactionState>();
  readonly #busy = new Set<ShardSegment>();
  #queue: Promise<void> = Promise.resolve();

  constructor(deps: CompactorDeps, reads: ShardReads, flusher: Flusher) {
    this.#deps = deps;
    this.#reads = reads;
    this.#flusher = flusher;
  }

  /** Plans and starts a compaction of everything that is worth it. */
  async start(
    shards: readonly { readonly shard: Shard; readonly channel: ChannelWriter }[],
  ): Promise<CompactionState> {
    const compactionId = await this.#deps.newId();
    const plans: Plan[] = [];
    for (const { shard, channel } of shards) plans.push(...(await this.#plan(shard, channel, 2, 0)));
    return this.#run(compactionId, plans);
  }

  /** Compacts in the background when a shard has become fragmented. */
  consider(shard: Shard, channel: ChannelWriter): void {
    const work = async () => {
      const plans = await this.#plan(shard, channel, SMALL_SEGMENTS_MAX, MARKED_SHARE_MAX);
      if (plans.length > 0) this.#run(await this.#deps.newId(), plans);
    };
    inBackground(this.#deps.logger, 'plan a compaction', work());
  }

  state(compactionId: number): CompactionState {
    const state = this.#states.get(compactionId);
    if (state !== undefined) return state;
    return { compactionId, state: 'Completed', plans: [] };
  }

  #run(compactionId: number, plans: readonly Plan[]): CompactionState {
    const described = plans.map(({ sources, target }) => ({
      sources: sources.map((s) => s.segmentId),
      target,
    }));
    const executing: CompactionState = { compactionId, state: 'Executing', plans: described };
    const completed: CompactionState = { compactionId, state: 'Completed', plans: described };
    this.#states.set(compactionId, plans.length === 0 ? completed : executing);
    if (this.#states.size > 1_000) this.#states.delete(this.#states.keys().next().value!);
    const work = async () => {
      try {
        for (const plan of plans) await this.#compact(plan);
      } finally {
        this.#states.set(compactionId, completed);
        for (const { sources } of plans) for (const source of sources) this.#busy.delete(source);
      }
    };
    const run = this.#queue.then(work);
    this.#queue = run.catch(() => undefined);
    inBackground(this.#deps.logger, 'compact segments', run);
    return this.state(compactionId);
  }

  async #plan(shard: Shard, channel: ChannelWriter, countMin: number, shareMin: number): Promise<Plan[]> {
    if (shard.failure !== undefined) return [];
    const groups: ShardSegment[][] = [];
    for (const { partitionId } of shard.collection.partitions) {
      const candidates = shard
        .segmentsOf([partitionId])
        .filter((segment) => this.#isCandidate(shard, segment))
        .sort((a, b) => (a.timestamps.first < b.timestamps.first ? -1 : 1));
      groups.push(...this.#groups(candidates, countMin, shareMin));
    }
    for (const source of groups.flat()) this.#busy.add(source);
    try {
      const plans: Plan[] = [];
      for (const sources of groups) {
        plans.push({ shard, channel, sources, target: await this.#deps.newId() });
      }
      return plans;
    } catch (caught) {
      for (const source of groups.flat()) this.#busy.delete(source);
      throw caught;
    }
  }

  #isCandidate(shard: Shard, segment: ShardSegment): boolean {
    if (segment.info === undefined || segment.local !== undefined) return false;
    return !this.#busy.has(segment) && isBehindCheckpoint(shard, segment.info);
  }

  /** Neighbours in time whose bytes fit into one segment. */
  #groups(candidates: readonly ShardSegment[], countMin: number, shareMin: number): ShardSegment[][] {
    const groups: ShardSegment[][] = [];
    let group: ShardSegment[] = [];
    let bytes = 0;
    for (const segment of candidates) {
      const size = bytesOf(segment);
      const isFull = group.length === SOURCES_MAX || bytes + size > this.#deps.settings.segmentBytesMax;
      if (group.length > 0 && isFull) {
        groups.push(group);
        group = [];
        bytes = 0;
      }
      group.push(segment);
      bytes += size;
    }
    if (group.length > 0) groups.push(group);
    return groups.filter(
      (sources) =>
        sources.length >= countMin ||
        sources.some(
          (segment) => this.#droppable(segment) > 0 && this.#droppable(segment) >= shareMin * segment.rows,
        ),
    );
  }

  #droppable(segment: ShardSegment): number {
    return segment.marks.countUpTo(this.#horizon());
  }

  #horizon(): bigint {
    return composeTimestamp(Math.max(0, this.#deps.clock.nowMs() - this.#deps.settings.snapshotRetentionMs));
  }

  async #compact(plan: Plan): Promise<void> {
    try {
      await this.#mergeSources(plan);
    } catch (caught) {
      // Sources that were dropped or truncated meanwhile have no files any more.
      if (isAlive(plan)) throw caught;
    }
  }

  async #mergeSources(plan: Plan): Promise<void> {
    if (!isAlive(plan)) return;
    const { shard, sources } = plan;
    const marksBefore = sources.map((source) => source.marks.count);
    const horizonTs = this.#horizon();
    const result = await this.#deps.data.compact({
      collection: shard.collection,
      sources: sources.map((source, i) => markedSource(source, marksBefore[i]!)),
      targetSegmentId: plan.target,
      horizonTs,
      marksPosition: shard.appliedPosition > '' ? shard.appliedPosition : (shard.checkpoint ?? ''),
    });
    const merged = await this.#mergedSegment(shard, result);
    try {
      if (merged !== undefined) await this.#serve(shard, merged);
      // No flush of the shard may run between the entry that replaces the old segments and the exchange in memory.
      const exchange = { sources, marksBefore, rowMaps: result.rowMaps, merged, horizonTs };
      const swapped = await this.#flusher.exclusively(() => this.#swap(plan, exchange));
      await this.#deleteUnused(plan, swapped ? sources.map((source) => source.info!) : [], merged);
    } finally {
      if (merged !== undefined && shard.segments.get(merged.segmentId) !== merged)
        await this.#deps.query.releaseSegments([merged.segmentId]);
    }
  }

  async #serve(shard: Shard, merged: ShardSegment): Promise<void> {
    if (!shard.isLoaded(merged.partitionId)) return;
    merged.served = this.#deps.query.loadSegments({
      collection: shard.collection,
      segments: [merged.info!],
    });
    await merged.served;
    merged.loaded = true;
  }

  /** The sources, or the merged segment when it came too late. */
  async #deleteUnused(
    { shard, channel }: Plan,
    exchanged: readonly SegmentInfo[],
    merged: ShardSegment | undefined,
  ): Promise<void> {
    if (exchanged.length === 0) {
      if (merged !== undefined) shard.gone.set(merged.segmentId, merged.info!);
      return this.#flusher.forget(shard, channel);
    }
    // Loading or releasing may have been asked for while the merged segment was not in the shard.
    await this.#deps.matchLoad(shard, channel);
    await this.#reads.afterRunning();
    await this.#deps.query.releaseSegments(exchanged.map((info) => info.segmentId));
    for (const key of exchanged.flatMap(segmentObjectKeys)) await this.#deps.files.objectStore.delete(key);
  }

  /**
   * Catalogue first, then memory in one step; marks made meanwhile are carried over twice, the last time in that step.
   * False when the sources were dropped or truncated before it: then the merged segment must not appear.
   */
  async #swap(plan: Plan, exchange: Exchange): Promise<boolean> {
    const { shard, channel } = plan;
    const { sources, merged } = exchange;
    if (!isAlive(plan) || !sources.every((source) => isBehindCheckpoint(shard, source.info!))) return false;
    const removeIds = sources.map((source) => source.segmentId);
    const marksSeen = sources.map((source) => source.marks.count);
    if (merged === undefined) await this.#flusher.replace(shard, channel, { add: [], removeIds });
    else {
      carryMarks(exchange, exchange.marksBefore, marksSeen, undefined);
      merged.info = await this.#flusher.storeMarks(shard, merged, merged.info!);
      merged.marksSaved = merged.info.markedRows;
      await this.#flusher.replace(shard, channel, { add: [merged.info], removeIds });
      while (merged.keys === undefined && shard.anyKeys())
        await ensureKeys(this.#deps.files, shard, [merged]);
    }
    if (!isAlive(plan)) return false;
    const marksNow = sources.map((source) => source.marks.count);
    for (const segmentId of removeIds) shard.segments.delete(segmentId);
    if (merged === undefined) {
      noteHorizon(shard, exchange);
      return true;
    }
    carryMarks(exchange, marksSeen, marksNow, merged.info!.marksPosition);
    shard.segments.set(merged.segmentId, merged);
    return true;
  }

  async #mergedSegment(shard: Shard, result: CompactionResult): Promise<ShardSegment | undefined> {
    if (result.segment === undefined) return undefined;
    const info = await this.#withIndexes(shard, result.segment);
    const merged = new ShardSegment(info.segmentId, info.partitionId, undefined);
    merged.sealed = true;
    merged.info = info;
    merged.lastPosition = info.toPosition;
    merged.timestamps = await loadTimestamps(this.#deps.files, shard, info);
    merged.marks = new Marks();
    merged.marks.apply({ from: 0, rows: result.markedRows, timestamps: result.markTimestamps });
    merged.marksSaved = merged.marks.count;
    if (!shard.generatesKeys || shard.anyKeys()) await ensureKeys(this.#deps.files, shard, [merged]);
    return merged;
  }

  async #withIndexes(shard: Shard, segment: SegmentInfo): Promise<SegmentInfo> {
    if (segment.rows < this.#deps.indexRowsMin) return segment;
    const indexes = [];
    for (const index of shard.collection.indexes.filter(isGraphIndex)) {
      const file = await this.#deps.data.buildIndex({ collection: shard.collection, segment, index });
      indexes.push({ ...file, indexId: index.indexId });
    }
    return { ...segment, indexes };
  }
}

/**
 * Replay starts behind the segment's own rows. Before that it must stay: replay knows rows that are flushed by their segment
 * only, and would make those of a merged one again.
 */
function isBehindCheckpoint(shard: Shard, info: SegmentInfo): boolean {
  const pin = pinnedFrom(shard);
  return pin === 'nothing' || (pin.from !== undefined && info.toPosition <= pin.from);
}

/** With no row left there is no entry that could say which rows were dropped. */
function noteHorizon(shard: Shard, { sources, marksBefore, horizonTs }: Exchange): void {
  sources.forEach((source, i) => {
    if (source.info!.horizonTs > shard.horizonTs) shard.horizonTs = source.info!.horizonTs;
    const { timestamps } = source.marks.delta(0);
    for (const timestamp of timestamps.subarray(0, marksBefore[i]!))
      if (timestamp <= horizonTs && timestamp > shard.horizonTs) shard.horizonTs = timestamp;
  });
}

/** Nobody dropped or truncated a source. */
function isAlive({ shard, sources }: Plan): boolean {
  return sources.every((source) => shard.segments.get(source.segmentId) === source);
}

/** A source with its first `count` marks. */
function markedSource(source: ShardSegment, count: number): CompactionSource {
  const { rows, timestamps } = source.marks.delta(0);
  return {
    segment: source.info!,
    markedRows: rows.slice(0, count),
    markTimestamps: timestamps.slice(0, count),
  };
}

interface Exchange {
  readonly sources: readonly ShardSegment[];
  /** Marks of each source that the merged segment has already. */
  readonly marksBefore: readonly number[];
  readonly rowMaps: readonly Uint32Array[];
  readonly merged: ShardSegment | undefined;
  readonly horizonTs: bigint;
}

/** Sets marks number from[i] to to[i] - 1 of each source on the merged segment too. */
function carryMarks(
  exchange: Exchange,
  from: readonly number[],
  to: readonly number[],
  dirtyFrom: string | undefined,
): void {
  const late: { row: number; timestamp: bigint }[] = [];
  exchange.sources.forEach((source, i) => {
    const { rows, timestamps } = source.marks.delta(from[i]!);
    for (let j = 0; j < to[i]! - from[i]!; j++) {
      const row = exchange.rowMaps[i]![rows[j]!]!;
      if (row !== DROPPED) late.push({ row, timestamp: timestamps[j]! });
    }
  });
  late.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
  for (const { row, timestamp } of late) exchange.merged!.markRow(row, timestamp, dirtyFrom);
}

function bytesOf(segment: ShardSegment): number {
  const info = segment.info!;
  return info.scalars.bytes + info.vectors.reduce((sum, file) => sum + file.bytes, 0);
}
