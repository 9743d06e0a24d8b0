import type { ChannelAssignment, CoordinatorService } from '../coordinator/service.ts';
import type { DataService } from '../data/service.ts';
import type { CollectionInfo } from '../domain/catalog.ts';
import { ElanusError } from '../domain/errors.ts';
import { RequestMemory } from '../domain/requestMemory.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Wal } from '../ports/wal.ts';
import { SegmentExecutor } from '../query/segmentExecutor.ts';
import type { QueryService } from '../query/service.ts';
import { inBackground } from '../segment/background.ts';
import { encodedBatchBytes } from '../segment/batchCodec.ts';
import type { HandOver } from '../segment/handOver.ts';
import type { IndexHost } from '../segment/indexHost.ts';
import type { FileDeps } from '../segment/segmentFiles.ts';
import type { ChannelWriter } from './channelWriter.ts';
import { Compactor } from './compactor.ts';
import { Flusher } from './flusher.ts';
import { Maintenance } from './maintenance.ts';
import { deleteOrphans } from './orphans.ts';
import { OwnChannels } from './ownChannels.ts';
import { ownObjects, refuseForeignLog } from './ownership.ts';
import { ensureKeys, recoverShard, replay } from './recovery.ts';
import type {
  CompactionState,
  FlushReply,
  ShardQueryReply,
  ShardQueryRequest,
  ShardSearchReply,
  ShardSearchRequest,
  ShardState,
  StreamingService,
  WriteReply,
  WriteRequest,
} from './service.ts';
import { type RoutedInsert, Shard } from './shard.ts';
import { ShardReads } from './shardReads.ts';
import { shardState } from './shardState.ts';

export interface StreamingDeps {
  readonly nodeId: string;
  readonly wal: Wal;
  readonly files: FileDeps;
  readonly host: IndexHost;
  readonly coordinator: CoordinatorService;
  readonly query: QueryService;
  readonly data: DataService;
  readonly handOver: HandOver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: StreamingSettings;
}

export interface StreamingSettings {
  /** A growing segment is sealed when it has this many bytes. */
  readonly segmentBytesMax: number;
  /** Beyond it the segments that hold the log back are flushed. */
  readonly walRetainedBytesMax: number;
  /** How long rows that are deleted stay readable at older timestamps. */
  readonly snapshotRetentionMs: number;
}

/** Ids taken from the coordinator at a time. */
const ID_BATCH = 64;
const REQUESTS_REMEMBERED = 10_000;

interface OpenShard {
  readonly shard: Shard;
  readonly channel: ChannelWriter;
}

/** The streaming role: owner of log channels and leader of the shards on them. */
export class StreamingNode implements StreamingService {
  readonly #deps: StreamingDeps;
  readonly #shards = new Map<string, OpenShard>();
  readonly #channels: OwnChannels;
  readonly #writes = new RequestMemory(REQUESTS_REMEMBERED);
  readonly #reads: ShardReads;
  readonly #flusher: Flusher;
  readonly #compactor: Compactor;
  readonly #maintenance: Maintenance;
  #ids: number[] = [];
  #cleaning: Promise<void> = Promise.resolve();

  constructor(deps: StreamingDeps) {
    this.#deps = deps;
    const { host } = deps;
    const executor = new SegmentExecutor(
      host.compute,
      (plugin) => plugin !== host.plugin || host.sharedByThreads,
    );
    this.#channels = new OwnChannels(deps, {
      shardsOn: (channel) => this.#shardsOn(channel),
      revived: (channel) => {
        for (const shard of this.#shardsOn(channel)) this.#maintenance.flush(shard, channel);
      },
    });
    this.#reads = new ShardReads({
      executor,
      query: deps.query,
      nowMs: () => deps.clock.nowMs(),
      serve: (shard, channel, segment) => this.#maintenance.serve(shard, channel, segment),
    });
    const shared = { ...deps, indexRowsMin: host.rowsMin };
    this.#flusher = new Flusher(shared);
    this.#compactor = new Compactor(
      {
        ...shared,
        newId: () => this.#newIdLater(),
        matchLoad: (shard, channel) => this.#maintenance.matchLoad(shard, channel),
      },
      this.#reads,
      this.#flusher,
    );
    this.#maintenance = new Maintenance(deps, {
      flusher: this.#flusher,
      compactor: this.#compactor,
      reads: this.#reads,
      seal: (shard, channel) => this.#seal(shard, channel),
    });
  }

  /**
   * Claims the channels, replays their logs and begins to load what was loaded. Errors: Conflict (the stores are not this
   * cluster's), those of coordinator and stores.
   */
  async start(): Promise<void> {
    const { coordinator, files, logger, nodeId, wal } = this.#deps;
    const { clusterId, channels } = await coordinator.getCluster();
    this.#channels.clusterId = clusterId;
    const assignments = await coordinator.claimChannels(nodeId);
    await ownObjects(files.objectStore, clusterId, assignments);
    // A cluster without a channel opens one with its first collection; it is better to know now.
    const unused = assignments.length === 0 ? channels : [];
    await Promise.all(unused.map((channel) => refuseForeignLog(wal, channel, clusterId)));
    await Promise.all(assignments.map((assignment) => this.#recoverChannel(assignment)));
    for (const { shard, channel } of this.#shards.values()) this.#maintenance.settle(shard, channel);
    const deps = { coordinator, objectStore: files.objectStore, logger };
    const shards = () => [...this.#shards.values()].map(({ shard }) => shard);
    this.#cleaning = deleteOrphans(deps, shards);
    inBackground(logger, 'delete orphaned objects', this.#cleaning);
  }

  async stop(): Promise<void> {
    this.#maintenance.stop();
    await Promise.allSettled([this.#cleaning]);
    await this.#channels.drain();
    await this.#flusher.written();
    await this.#channels.close();
  }

  async updateCollection(collection: CollectionInfo, terms: Readonly<Record<string, number>>): Promise<void> {
    for (const [number, { vchannel, pchannel }] of collection.vchannels.entries()) {
      let open = this.#shards.get(vchannel);
      if (open === undefined) {
        const channel = await this.#channels.open(pchannel, terms[pchannel] ?? 1);
        open = this.#shards.get(vchannel) ?? this.#newShard(collection, number, channel);
      }
      // Another call may have made it meanwhile, of an older entry.
      await this.#maintenance.update(open.shard, open.channel, collection);
    }
  }

  #newShard(collection: CollectionInfo, number: number, channel: ChannelWriter): OpenShard {
    const open = { shard: new Shard(this.#deps.host, collection, number, undefined), channel };
    this.#shards.set(open.shard.vchannel, open);
    this.#maintenance.know(open.shard, channel);
    return open;
  }

  async dropCollection(collectionId: number): Promise<void> {
    for (const [vchannel, { shard, channel }] of this.#shards) {
      if (shard.collection.collectionId !== collectionId) continue;
      this.#shards.delete(vchannel);
      shard.dropped = true;
      await this.#maintenance.dropAll(shard, channel);
    }
  }

  async truncateCollection(request: { requestId: string; collectionId: number }): Promise<Timestamp> {
    return this.#writes.once('truncate', request.requestId, async () => {
      let latest = 0n;
      for (const { shard, channel } of this.#shardsOf(request.collectionId)) {
        const { timestamp } = await channel.append(shard, (ts) => {
          shard.endAssignments();
          return { type: 'truncate', ...recordHead(shard), timestamp: ts };
        });
        await this.#maintenance.forget(shard, channel);
        if (timestamp > latest) latest = timestamp;
      }
      return latest;
    });
  }

  write(request: WriteRequest): Promise<WriteReply> {
    return this.#writes.once('write', request.requestId, () => this.#write(request));
  }

  async search(request: ShardSearchRequest): Promise<ShardSearchReply> {
    const { shard, channel } = this.#served(request.vchannel);
    return this.#reads.search(shard, channel, request);
  }

  async query(request: ShardQueryRequest): Promise<ShardQueryReply> {
    const { shard, channel } = this.#served(request.vchannel);
    return this.#reads.query(shard, channel, request);
  }

  flush(request: { requestId: string; vchannel: string; collectionId: number }): Promise<FlushReply> {
    return this.#writes.once('flush', request.requestId, async () => {
      const { shard, channel } = this.#served(request.vchannel);
      const reply = await this.#seal(shard, channel);
      this.#maintenance.flush(shard, channel);
      return reply;
    });
  }

  async shardStates(collectionId: number): Promise<readonly ShardState[]> {
    const states: ShardState[] = [];
    for (const { shard, channel } of this.#shardsOf(collectionId)) {
      this.#maintenance.look(shard, channel);
      states.push(await shardState(this.#deps, shard));
    }
    return states;
  }

  async compact(request: { requestId: string; collectionId: number }): Promise<CompactionState> {
    return this.#writes.once('compact', request.requestId, async () => {
      await this.#flusher.idle();
      return this.#compactor.start(this.#shardsOf(request.collectionId));
    });
  }

  async compactionState(compactionId: number): Promise<CompactionState> {
    return this.#compactor.state(compactionId);
  }

  async #write(request: WriteRequest): Promise<WriteReply> {
    const { shard } = this.#served(request.vchannel);
    // Other writes may take ids, and make segments without keys, at every await.
    while (!this.#isPrepared(shard, request)) await this.#prepare(shard, request);
    // From here to the append nothing waits.
    const { channel } = this.#served(request.vchannel);
    checkSchema(shard, request);
    const segmentIds: number[] = [];
    const assign = (insert: RoutedInsert) => {
      const bytes = encodedBatchBytes(insert.batch);
      const { segmentBytesMax } = this.#deps.settings;
      const segmentId = shard.assign(insert, bytes, () => this.#ids.pop()!, segmentBytesMax);
      segmentIds.push(segmentId);
      return { ...insert, segmentId };
    };
    try {
      const applied = await channel.append(shard, (timestamp) => ({
        type: 'write',
        ...recordHead(shard),
        timestamp,
        deleteKeys: request.deleteKeys,
        deletePartitionIds: request.deletePartitionIds,
        inserts: request.inserts.map(assign),
      }));
      this.#maintenance.afterWrite(shard, channel);
      return applied;
    } finally {
      shard.settle(segmentIds);
    }
  }

  /** Whether the key tables and ids that the write needs are there. */
  #isPrepared(shard: Shard, request: WriteRequest): boolean {
    if (this.#ids.length < request.inserts.length) return false;
    return !shard.needsKeys(request) || shard.buildLocalKeys().length === 0;
  }

  async #prepare(shard: Shard, request: WriteRequest): Promise<void> {
    if (this.#ids.length < request.inserts.length) await this.#fetchIds(request.inserts.length);
    if (shard.needsKeys(request)) await ensureKeys(this.#deps.files, shard);
  }

  async #seal(shard: Shard, channel: ChannelWriter): Promise<FlushReply> {
    let segmentIds: readonly number[] = [];
    const { timestamp } = await channel.append(shard, (ts) => {
      segmentIds = shard.endAssignments();
      return { type: 'flush', ...recordHead(shard), timestamp: ts, segmentIds };
    });
    return { timestamp, segmentIds: segmentIds.filter((id) => shard.segments.has(id)) };
  }

  #served(vchannel: string): OpenShard {
    const open = this.#shards.get(vchannel);
    if (open === undefined) {
      throw new ElanusError('NotFound', 'channel not found', {
        subject: 'channel',
        context: { channel: vchannel },
      });
    }
    if (open.shard.failure !== undefined) throw open.shard.failure;
    return open;
  }

  #shardsOf(collectionId: number): OpenShard[] {
    return [...this.#shards.values()].filter(({ shard }) => shard.collection.collectionId === collectionId);
  }

  #shardsOn(channel: ChannelWriter): Shard[] {
    return [...this.#shards.values()].filter((open) => open.channel === channel).map(({ shard }) => shard);
  }

  async #recoverChannel(assignment: ChannelAssignment): Promise<void> {
    const { pchannel, term } = assignment;
    const recovered = await Promise.all(assignment.shards.map((shard) => recoverShard(this.#deps, shard)));
    let channel: ChannelWriter;
    try {
      channel = await this.#channels.open(pchannel, term, assignment.shards);
    } catch (caught) {
      const error = ElanusError.from(caught);
      if (error.kind !== 'Corrupt') throw error;
      return this.#refuseShards(pchannel, term, recovered, error);
    }
    await replay(this.#deps, pchannel, recovered, channel);
    for (const shard of recovered) {
      shard.resumeAssignments();
      this.#shards.set(shard.vchannel, { shard, channel });
      this.#maintenance.know(shard, channel);
    }
    for (const shard of recovered)
      if (shard.failure === undefined) await this.#flusher.forget(shard, channel);
  }

  /** The log of a channel is damaged: its collections answer why, the others are served. */
  #refuseShards(pchannel: string, term: number, shards: readonly Shard[], error: ElanusError): void {
    const channel = this.#channels.refusing(pchannel, term, error);
    this.#deps.logger.error('a log channel is damaged', { pchannel, error: error.text });
    for (const shard of shards) {
      shard.failure = error;
      this.#shards.set(shard.vchannel, { shard, channel });
    }
  }

  async #fetchIds(wanted: number): Promise<void> {
    const count = Math.max(ID_BATCH, wanted);
    const first = await this.#deps.coordinator.allocIds(count);
    for (let i = count - 1; i >= 0; i--) this.#ids.unshift(first + i);
  }

  async #newIdLater(): Promise<number> {
    while (this.#ids.length === 0) await this.#fetchIds(1);
    return this.#ids.pop()!;
  }
}

function recordHead(shard: Shard) {
  return { collectionId: shard.collection.collectionId, shard: shard.number };
}

function checkSchema(shard: Shard, request: WriteRequest): void {
  const { schema, partitions } = shard.collection;
  if (request.inserts.length > 0 && request.schemaVersion !== schema.version) {
    throw new ElanusError('SchemaMismatch', 'the schema has changed', {
      context: { collection: schema.name, expected: schema.version, actual: request.schemaVersion },
    });
  }
  for (const { partitionId } of request.inserts) {
    if (partitions.some((partition) => partition.partitionId === partitionId)) continue;
    throw new ElanusError('NotFound', 'partition not found', {
      subject: 'partition',
      context: { partition: partitionId },
    });
  }
}
