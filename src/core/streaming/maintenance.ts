import type { CollectionInfo } from '../domain/catalog.ts';
import { inBackground } from '../segment/background.ts';
import { isGraphIndex } from '../segment/indexHost.ts';
import { segmentObjectKeys } from '../segment/segmentFiles.ts';
import { type ChannelWriter, fromHex } from './channelWriter.ts';
import type { Compactor } from './compactor.ts';
import { type Flusher, pinnedFrom } from './flusher.ts';
import { Retries } from './retries.ts';
import { SealPolicy } from './sealPolicy.ts';
import type { Shard } from './shard.ts';
import type { ShardReads } from './shardReads.ts';
import type { ShardSegment } from './shardSegment.ts';
import type { StreamingDeps } from './streamingNode.ts';

/** A growing segment's graph is continued when this many rows are not in it: until then they are scanned. */
const INDEX_STEP_ROWS = 512;
/** Background work that failed is not tried again for so long by what happens meanwhile. */
const RETRY_PAUSE_MS = 5_000;

export interface MaintenanceParts {
  readonly flusher: Flusher;
  readonly compactor: Compactor;
  readonly reads: ShardReads;
  /** Seals the growing segments of a shard by a durable record. */
  readonly seal: (shard: Shard, channel: ChannelWriter) => Promise<unknown>;
}

/** What a shard's owner does in the background: flush, index, load, truncate the log, delete what is dropped. */
export class Maintenance {
  readonly #deps: StreamingDeps;
  readonly #parts: MaintenanceParts;
  readonly #policy: SealPolicy;
  readonly #shards = new Map<ChannelWriter, Set<Shard>>();
  /** Shards that could not be sealed or flushed. */
  readonly #behind = new Map<Shard, 'seal' | 'flush'>();
  readonly #flushes: Retries<Shard>;
  readonly #builds: Retries<ShardSegment>;
  readonly #loads: Retries<ShardSegment>;
  #stopped = false;

  constructor(deps: StreamingDeps, parts: MaintenanceParts) {
    this.#deps = deps;
    this.#parts = parts;
    this.#policy = new SealPolicy(deps.settings);
    const nowMs = () => deps.clock.nowMs();
    this.#flushes = new Retries(nowMs, RETRY_PAUSE_MS);
    this.#builds = new Retries(nowMs, RETRY_PAUSE_MS);
    this.#loads = new Retries(nowMs, RETRY_PAUSE_MS);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A shard that may hold the log of its channel back from now on. */
  know(shard: Shard, channel: ChannelWriter): void {
    let shards = this.#shards.get(channel);
    if (shards === undefined) {
      shards = new Set();
      this.#shards.set(channel, shards);
    }
    shards.add(shard);
    this.#policy.know(channel);
  }

  /** After recovery: flush what was sealed, load what was loaded, continue indexes. */
  settle(shard: Shard, channel: ChannelWriter): void {
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
    const before = shard.collection;
    shard.update(collection);
    await this.forget(shard, channel);
    if (before === shard.collection) return;
    await this.#matchLoad(shard, channel, true);
    this.index(shard, channel);
  }

  /** Resolves when the query role serves the segment; the shard's collection is loaded. */
  async serve(shard: Shard, channel: ChannelWriter, segment: ShardSegment): Promise<void> {
    if (segment.served === undefined) this.#load(shard, channel, segment);
    await segment.served;
  }

  /** Loads and releases flushed segments as the catalogue says. */
  matchLoad(shard: Shard, channel: ChannelWriter): Promise<void> {
    return this.#matchLoad(shard, channel, false);
  }

  /** Somebody asks how far it is: tries again what failed a while ago. */
  look(shard: Shard, channel: ChannelWriter): void {
    if (shard.failure !== undefined) return;
    for (const segment of shard.segments.values()) {
      if (segment.info === undefined || segment.local !== undefined || segment.served !== undefined) continue;
      if (shard.isLoaded(segment.partitionId) && this.#loads.mayTry(segment))
        this.#load(shard, channel, segment);
    }
    this.index(shard, channel);
  }

  /** `again`: also segments that are loaded, with new indexes. */
  async #matchLoad(shard: Shard, channel: ChannelWriter, again: boolean): Promise<void> {
    const released: ShardSegment[] = [];
    for (const segment of shard.segments.values()) {
      if (segment.info === undefined || segment.local !== undefined) continue;
      if (shard.isLoaded(segment.partitionId)) {
        if (again || segment.served === undefined) this.#load(shard, channel, segment);
      } else if (segment.served !== undefined) {
        segment.served = undefined;
        segment.loaded = false;
        segment.marksSent = 0;
        released.push(segment);
      }
    }
    if (released.length === 0) return;
    await this.#parts.reads.afterRunning();
    // Some may have been loaded again meanwhile.
    const unserved = released.filter((segment) => segment.served === undefined);
    await this.#deps.query.releaseSegments(unserved.map((segment) => segment.segmentId));
  }

  /** Forgets segments that are gone: the query role's memory now, entries and objects in the background. */
  async forget(shard: Shard, channel: ChannelWriter): Promise<void> {
    if (shard.gone.size === 0 || shard.failure !== undefined) return;
    const goneIds = [...shard.gone.keys()];
    this.#inBackground(shard, 'delete dropped segments', this.#parts.flusher.forget(shard, channel));
    await this.#parts.reads.afterRunning();
    await this.#deps.query.releaseSegments(goneIds);
  }

  /** Forgets a whole shard, whose entries the coordinator removes: it holds no log back any more. */
  async dropAll(shard: Shard, channel: ChannelWriter): Promise<void> {
    this.#shards.get(channel)?.delete(shard);
    this.#behind.delete(shard);
    for (const segment of shard.segments.values()) shard.remove(segment);
    const infos = [...shard.gone.values()];
    await this.#parts.reads.afterRunning();
    await this.#deps.query.releaseSegments(infos.map((info) => info.segmentId));
    for (const key of infos.flatMap(segmentObjectKeys)) {
      inBackground(this.#deps.logger, 'delete an object', this.#deps.files.objectStore.delete(key));
    }
    if (!this.#stopped) inBackground(this.#deps.logger, 'truncate the log', this.#truncate(channel));
  }

  flush(shard: Shard, channel: ChannelWriter): void {
    if (this.#stopped) return;
    const run = async () => {
      await this.#noting(shard, 'flush', () => this.#parts.flusher.flush(shard, channel));
      await this.#truncate(channel);
      await this.matchLoad(shard, channel);
      this.index(shard, channel);
      if (!this.#stopped) this.#parts.compactor.consider(shard, channel);
    };
    this.#inBackground(shard, 'flush a shard', run());
  }

  afterWrite(shard: Shard, channel: ChannelWriter): void {
    if (hasLongTail(shard)) this.index(shard, channel);
    const shards = this.#shards.get(channel) ?? [];
    for (const due of this.#policy.due(shard, channel, shards)) this.#sealAndFlush(due, channel);
    if (this.#behind.size > 0) this.#catchUp();
  }

  /** What failed for want of space may have it now. */
  #catchUp(): void {
    for (const [channel, shards] of this.#shards) {
      for (const shard of shards) {
        const behind = this.#behind.get(shard);
        if (behind === undefined || !this.#flushes.mayTry(shard)) continue;
        this.#flushes.failed(shard);
        if (behind === 'seal') this.#sealAndFlush(shard, channel);
        else this.flush(shard, channel);
      }
    }
  }

  #sealAndFlush(shard: Shard, channel: ChannelWriter): void {
    const run = async () => {
      await this.#noting(shard, 'seal', () => this.#parts.seal(shard, channel));
      this.flush(shard, channel);
    };
    this.#inBackground(shard, 'seal a shard', run());
  }

  /** Remembers the shard while the work fails. */
  async #noting(shard: Shard, what: 'seal' | 'flush', work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.#behind.delete(shard);
      this.#flushes.succeeded(shard);
    } catch (caught) {
      if (!shard.dropped && shard.failure === undefined) this.#behind.set(shard, what);
      this.#flushes.failed(shard);
      throw caught;
    }
  }

  /** Continues graphs beside rows in memory, and has the data role build those of flushed segments that have none. */
  index(shard: Shard, channel: ChannelWriter): void {
    const { collection } = shard;
    if (this.#stopped || !collection.indexes.some(isGraphIndex)) return;
    for (const segment of shard.segments.values()) {
      if (segment.indexing || !this.#builds.mayTry(segment)) continue;
      if (segment.local !== undefined) {
        if (segment.local.isIndexed(collection)) continue;
        this.#build(shard, segment, () => this.#buildLocal(shard, segment));
      } else if (segment.info !== undefined && this.#missingIndexes(shard, segment).length > 0) {
        this.#build(shard, segment, () => this.#buildMissing(shard, channel, segment));
      }
    }
  }

  #build(shard: Shard, segment: ShardSegment, work: () => Promise<void>): void {
    const run = async () => {
      segment.indexing = true;
      try {
        await work();
        this.#builds.succeeded(segment);
      } catch (caught) {
        if (shard.segments.get(segment.segmentId) !== segment) return;
        this.#builds.failed(segment);
        throw caught;
      } finally {
        segment.indexing = false;
      }
    };
    this.#inBackground(shard, 'build an index', run());
  }

  async #buildLocal(shard: Shard, segment: ShardSegment): Promise<void> {
    const { local } = segment;
    if (local === undefined) return;
    local.retain();
    try {
      // A newer entry of the catalogue may name other indexes by the time that these are built.
      for (let built: CollectionInfo | undefined; built !== shard.collection && !local.isDisposed; ) {
        built = shard.collection;
        await local.buildIndexes(built);
      }
    } finally {
      local.release();
    }
  }

  async #buildMissing(shard: Shard, channel: ChannelWriter, segment: ShardSegment): Promise<void> {
    for (const index of this.#missingIndexes(shard, segment)) {
      const request = { collection: shard.collection, segment: segment.info!, index };
      const file = await this.#deps.data.buildIndex(request);
      await this.#parts.flusher.addIndexFile(shard, channel, segment, { ...file, indexId: index.indexId });
    }
    if (segment.served === undefined || shard.segments.get(segment.segmentId) !== segment) return;
    this.#load(shard, channel, segment);
    await segment.served;
  }

  #missingIndexes(shard: Shard, segment: ShardSegment) {
    if (segment.rows < this.#deps.host.rowsMin) return [];
    return shard.collection.indexes.filter(
      (index) => isGraphIndex(index) && !segment.info!.indexes.some((file) => file.indexId === index.indexId),
    );
  }

  #load(shard: Shard, channel: ChannelWriter, segment: ShardSegment): void {
    const load = this.#deps.query.loadSegments({ collection: shard.collection, segments: [segment.info!] });
    segment.served = load;
    load.then(
      () => {
        this.#loads.succeeded(segment);
        segment.loadError = undefined;
        if (segment.served !== load) return;
        segment.loaded = true;
        this.index(shard, channel);
      },
      (caught: unknown) => {
        // Reads that await `served` answer this error, and the state calls show it; the next read tries again.
        if (segment.served !== load) return;
        this.#loads.failed(segment);
        segment.loadError = caught;
        segment.served = undefined;
      },
    );
  }

  /** Gives up the log that no shard of the channel needs. */
  async #truncate(channel: ChannelWriter): Promise<void> {
    let upTo = channel.lastPosition;
    for (const shard of this.#shards.get(channel) ?? []) {
      // The log may be all that says why segments are gone.
      if (shard.failure !== undefined || shard.gone.size > 0) return;
      const pin = pinnedFrom(shard);
      if (pin === 'nothing') continue;
      if (pin.from === undefined) return;
      if (upTo === undefined || pin.from < upTo) upTo = pin.from;
    }
    if (upTo !== undefined) await this.#deps.wal.truncate(channel.pchannel, fromHex(upTo));
  }

  /** Nobody waits for what a dropped collection's work came to. */
  #inBackground(shard: Shard, what: string, work: Promise<unknown>): void {
    const wanted = work.catch((caught: unknown) => {
      if (!shard.dropped) throw caught;
    });
    inBackground(this.#deps.logger, what, wanted);
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
