import type { CollectionInfo } from '../domain/catalog.ts';
import { inBackground } from '../segment/background.ts';
import { isGraphIndex } from '../segment/indexHost.ts';
import { segmentObjectKeys } from '../segment/segmentFiles.ts';
import { type ChannelWriter, fromHex } from './channelWriter.ts';
import type { Compactor } from './compactor.ts';
import { type Flusher, pinnedFrom } from './flusher.ts';
import type { Shard } from './shard.ts';
import type { ShardSegment } from './shardSegment.ts';
import type { StreamingDeps } from './streamingNode.ts';

/** A growing segment's graph is continued when this many rows are not in it: until then they are scanned. */
const INDEX_STEP_ROWS = 1_024;

/** What a shard's owner does in the background: flush, index, load, truncate the log, delete what is dropped. */
export class Maintenance {
  readonly #deps: StreamingDeps;
  readonly #flusher: Flusher;
  readonly #compactor: Compactor;
  readonly #flushedAt = new Map<ChannelWriter, number>();
  readonly #shards = new Map<ChannelWriter, Set<Shard>>();
  #stopped = false;

  constructor(deps: StreamingDeps, flusher: Flusher, compactor: Compactor) {
    this.#deps = deps;
    this.#flusher = flusher;
    this.#compactor = compactor;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** After recovery: flush what was sealed, load what was loaded, continue indexes. */
  settle(shard: Shard, channel: ChannelWriter): void {
    this.#know(shard, channel);
    if (shard.failure !== undefined) return;
    for (const segment of shard.segments.values()) {
      if (segment.info !== undefined && shard.isLoaded(segment.partitionId))
        this.#load(shard, channel, segment);
    }
    if ([...shard.segments.values()].some((segment) => segment.sealed && segment.info === undefined)) {
      this.flush(shard, channel);
    }
    this.index(shard, channel);
  }

  /** Takes a new catalogue entry over: partitions, indexes, load state. */
  async update(shard: Shard, channel: ChannelWriter, collection: CollectionInfo): Promise<void> {
    this.#know(shard, channel);
    const before = shard.collection;
    const gone = shard.update(collection);
    if (gone.length > 0) await this.drop(shard, channel, gone);
    if (before === shard.collection) return;
    await this.#matchLoad(shard, channel, true);
    this.index(shard, channel);
  }

  /** Resolves when the query role serves the segment; the shard's collection is loaded. */
  async serve(shard: Shard, channel: ChannelWriter, segment: ShardSegment): Promise<void> {
    if (segment.served === undefined) this.#load(shard, channel, segment);
    await segment.served;
  }

  /** Loads and releases flushed segments as the catalogue says; `again`: also those that are loaded, with new indexes. */
  async #matchLoad(shard: Shard, channel: ChannelWriter, again: boolean): Promise<void> {
    const released: number[] = [];
    for (const segment of shard.segments.values()) {
      if (segment.info === undefined || segment.local !== undefined) continue;
      if (shard.isLoaded(segment.partitionId)) {
        if (again || segment.served === undefined) this.#load(shard, channel, segment);
      } else if (segment.served !== undefined) {
        segment.served = undefined;
        segment.loaded = false;
        segment.marksSent = 0;
        released.push(segment.segmentId);
      }
    }
    if (released.length > 0) await this.#deps.query.releaseSegments(released);
  }

  /** Forgets segments: their rows now, their entries and objects in the background. */
  async drop(shard: Shard, channel: ChannelWriter, segments: readonly ShardSegment[]): Promise<void> {
    for (const segment of segments) {
      shard.segments.delete(segment.segmentId);
      segment.local?.dispose();
    }
    const flushed = segments.flatMap((segment) => segment.info ?? []);
    await this.#deps.query.releaseSegments(flushed.map((info) => info.segmentId));
    if (flushed.length === 0) return;
    inBackground(this.#deps.logger, 'delete dropped segments', this.#flusher.forget(shard, channel, flushed));
  }

  /** Forgets a whole shard, whose entries the coordinator removes: it holds no log back any more. */
  async dropAll(shard: Shard, channel: ChannelWriter): Promise<void> {
    this.#shards.get(channel)?.delete(shard);
    const flushed = [...shard.segments.values()].flatMap((segment) => segment.info ?? []);
    for (const segment of shard.segments.values()) segment.local?.dispose();
    shard.segments.clear();
    await this.#deps.query.releaseSegments(flushed.map((info) => info.segmentId));
    for (const key of flushed.flatMap(segmentObjectKeys)) {
      inBackground(this.#deps.logger, 'delete an object', this.#deps.files.objectStore.delete(key));
    }
  }

  flush(shard: Shard, channel: ChannelWriter): void {
    this.#know(shard, channel);
    if (this.#stopped) return;
    const run = this.#flusher.flush(shard, channel).then(async () => {
      await this.#truncate(channel);
      await this.#matchLoad(shard, channel, false);
      this.index(shard, channel);
      if (!this.#stopped) this.#compactor.consider(shard, channel);
    });
    inBackground(this.#deps.logger, 'flush a shard', run);
  }

  afterWrite(shard: Shard, channel: ChannelWriter, seal: () => Promise<unknown>): void {
    this.#know(shard, channel);
    if (hasLongTail(shard)) this.index(shard, channel);
    const { walRetainedBytesMax, segmentBytesMax } = this.#deps.settings;
    const since = channel.appendedBytes - (this.#flushedAt.get(channel) ?? 0);
    if (since < Math.min(walRetainedBytesMax, segmentBytesMax)) return;
    this.#flushedAt.set(channel, channel.appendedBytes);
    inBackground(
      this.#deps.logger,
      'seal a shard',
      seal().then(() => this.flush(shard, channel)),
    );
  }

  /** Continues graphs beside rows in memory, and has the data role build those of flushed segments that have none. */
  index(shard: Shard, channel: ChannelWriter): void {
    const { collection } = shard;
    if (this.#stopped || !collection.indexes.some(isGraphIndex)) return;
    for (const segment of shard.segments.values()) {
      if (segment.local !== undefined) {
        if (segment.local.isIndexed(collection)) continue;
        inBackground(this.#deps.logger, 'build an index', this.#buildLocal(shard, segment));
      } else if (segment.info !== undefined && segment.served !== undefined) {
        this.#buildMissing(shard, channel, segment);
      }
    }
  }

  async #buildLocal(shard: Shard, segment: ShardSegment): Promise<void> {
    const { local } = segment;
    if (local === undefined) return;
    local.retain();
    try {
      await local.buildIndexes(shard.collection);
    } finally {
      local.release();
    }
  }

  #buildMissing(shard: Shard, channel: ChannelWriter, segment: ShardSegment): void {
    if (segment.indexing || segment.rows < this.#deps.host.rowsMin) return;
    const missing = shard.collection.indexes.filter(
      (index) => isGraphIndex(index) && !segment.info!.indexes.some((file) => file.indexId === index.indexId),
    );
    if (missing.length === 0) return;
    segment.indexing = true;
    const build = async () => {
      try {
        for (const index of missing) {
          const request = { collection: shard.collection, segment: segment.info!, index };
          const file = await this.#deps.data.buildIndex(request);
          if (shard.segments.get(segment.segmentId) !== segment) return;
          await this.#flusher.addIndexFile(shard, channel, segment, { ...file, indexId: index.indexId });
        }
        if (segment.served !== undefined) this.#load(shard, channel, segment);
        await segment.served;
      } finally {
        segment.indexing = false;
      }
    };
    inBackground(this.#deps.logger, 'build an index of a flushed segment', build());
  }

  #load(shard: Shard, channel: ChannelWriter, segment: ShardSegment): void {
    const load = this.#deps.query.loadSegments({ collection: shard.collection, segments: [segment.info!] });
    segment.served = load;
    load.then(
      () => {
        segment.loadError = undefined;
        segment.loaded = true;
        this.index(shard, channel);
      },
      (caught: unknown) => {
        // Reads that await `served` answer this error, and the state calls show it; the next read tries again.
        segment.loadError = caught;
        if (segment.served === load) segment.served = undefined;
      },
    );
  }

  /** Gives up the log that no shard of the channel needs. */
  async #truncate(channel: ChannelWriter): Promise<void> {
    let upTo = channel.lastPosition;
    for (const shard of this.#shards.get(channel) ?? []) {
      if (shard.failure !== undefined) return;
      const pin = pinnedFrom(shard);
      if (pin === 'nothing') continue;
      if (pin.from === undefined) return;
      if (upTo === undefined || pin.from < upTo) upTo = pin.from;
    }
    if (upTo !== undefined) await this.#deps.wal.truncate(channel.pchannel, fromHex(upTo));
  }

  #know(shard: Shard, channel: ChannelWriter): void {
    let shards = this.#shards.get(channel);
    if (shards === undefined) {
      shards = new Set();
      this.#shards.set(channel, shards);
    }
    shards.add(shard);
  }
}

function hasLongTail(shard: Shard): boolean {
  for (const segment of shard.segments.values()) {
    if (segment.local === undefined || segment.sealed) continue;
    const indexed = segment.local.leastIndexedRows(shard.collection);
    if (segment.rows - indexed >= INDEX_STEP_ROWS) return true;
  }
  return false;
}
