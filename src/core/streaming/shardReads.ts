import { ElanusError } from '../domain/errors.ts';
import { fieldById } from '../domain/schema.ts';
import { composeTimestamp, type Timestamp } from '../domain/timestamp.ts';
import type { LocalRead, QueryRows, SegmentExecutor } from '../query/segmentExecutor.ts';
import { searchSpec } from '../query/segmentExecutor.ts';
import type { QueryService, SealedRead } from '../query/service.ts';
import { type Hits, mergeHits } from '../rank/mergeHits.ts';
import { mergeRows } from '../rank/mergeRows.ts';
import type { ChannelWriter } from './channelWriter.ts';
import type { ShardQueryReply, ShardQueryRequest, ShardSearchReply, ShardSearchRequest } from './service.ts';
import type { Shard } from './shard.ts';
import type { ShardSegment } from './shardSegment.ts';

/** How far ahead of the clock a guarantee may lie before it is refused. */
const FUTURE_MS_MAX = 60_000;

export interface ReadDeps {
  readonly executor: SegmentExecutor;
  readonly query: QueryService;
  readonly nowMs: () => number;
  /** Has the query role serve a segment of a loaded collection; at once when it does. */
  readonly serve: (shard: Shard, channel: ChannelWriter, segment: ShardSegment) => Promise<void>;
}

type ReadRequest = Pick<ShardQueryRequest, 'partitionIds' | 'snapshotTs' | 'ignoreGrowing'>;

/** Everything one read sees of its shard, fixed at one timestamp. */
interface ReadView {
  readonly readTs: Timestamp;
  readonly locals: readonly LocalRead[];
  readonly sealed: readonly ShardSegment[];
}

/** Leads reads of a shard: rows in this role's memory and sealed segments of the query role, merged. */
export class ShardReads {
  readonly #deps: ReadDeps;
  readonly #running = new Set<Promise<unknown>>();

  constructor(deps: ReadDeps) {
    this.#deps = deps;
  }

  /** Resolves when every read that runs now has ended: what only they use may then go. */
  async afterRunning(): Promise<void> {
    await Promise.allSettled([...this.#running]);
  }

  async search(shard: Shard, channel: ChannelWriter, request: ShardSearchRequest): Promise<ShardSearchReply> {
    const field = fieldById(shard.collection.schema, request.fieldId)!;
    const readTs = await this.#readTimestamp(shard, channel, request);
    return this.#reading(shard, request, readTs, request.fieldId, async (view) => {
      const replies: Promise<Hits>[] = [];
      const outputs = request.outputFieldIds.map((id) => fieldById(shard.collection.schema, id)!);
      if (view.locals.length > 0 || view.sealed.length === 0) {
        const spec = searchSpec(request, field.dim);
        replies.push(this.#deps.executor.search(view.locals, spec, shard.keyField, outputs));
      }
      if (view.sealed.length > 0) {
        replies.push(
          this.#askQueryRole(shard, channel, view, (segments) =>
            this.#deps.query.search({ ...request, collection: shard.collection, segments }),
          ),
        );
      }
      const hits = mergeHits(await Promise.all(replies), 0, request.k);
      return { readTs: view.readTs, ...hits };
    });
  }

  async query(shard: Shard, channel: ChannelWriter, request: ShardQueryRequest): Promise<ShardQueryReply> {
    const readTs = await this.#readTimestamp(shard, channel, request);
    if (request.countOnly && request.filter === undefined) return this.#count(shard, request, readTs);
    return this.#reading(shard, request, readTs, undefined, async (view) => {
      const replies: Promise<QueryRows>[] = [];
      const outputs = request.outputFieldIds.map((id) => fieldById(shard.collection.schema, id)!);
      if (view.locals.length > 0 || view.sealed.length === 0) {
        replies.push(this.#deps.executor.match(view.locals, request, shard.keyField, outputs));
      }
      if (view.sealed.length > 0) {
        replies.push(
          this.#askQueryRole(shard, channel, view, (segments) =>
            this.#deps.query.query({ ...request, collection: shard.collection, segments }),
          ),
        );
      }
      const parts = await Promise.all(replies);
      const count = parts.reduce((sum, part) => sum + part.count, 0);
      return { readTs: view.readTs, count, ...mergeRows(parts, 0, request.limit) };
    });
  }

  /** Rows − marks: no row is touched. */
  async #count(shard: Shard, request: ShardQueryRequest, readTs: Timestamp): Promise<ShardQueryReply> {
    checkRead(shard, request);
    let count = 0;
    for (const segment of shard.segmentsOf(request.partitionIds)) {
      if (request.ignoreGrowing && !segment.sealed) continue;
      const rows = segment.timestamps.rowsUpTo(readTs);
      count += rows - segment.marks.countUpTo(readTs);
    }
    const none = await this.#deps.executor.match(
      [],
      { filter: undefined, limit: 0, countOnly: true },
      shard.keyField,
      [],
    );
    return { readTs, count, keys: none.keys, output: none.output };
  }

  /** The latest applied timestamp, after the guarantee is met; or exactly the snapshot asked for. */
  async #readTimestamp(
    shard: Shard,
    channel: ChannelWriter,
    request: { guaranteeTs: Timestamp; snapshotTs: Timestamp | undefined },
  ): Promise<Timestamp> {
    const wanted = request.snapshotTs ?? request.guaranteeTs;
    if (wanted > composeTimestamp(this.#deps.nowMs() + FUTURE_MS_MAX)) {
      throw new ElanusError('Invalid', 'the guarantee timestamp lies in the future', {
        subject: 'parameter',
        context: { guarantee_timestamp: wanted, limit_ms_ahead: FUTURE_MS_MAX },
      });
    }
    if (wanted > shard.appliedTs) await channel.settle(wanted);
    if (shard.failure !== undefined) throw shard.failure;
    if (request.snapshotTs !== undefined) return request.snapshotTs;
    // Later writes draw later timestamps than anything observed, so the largest of these is stable too.
    const latest = shard.appliedTs > wanted ? shard.appliedTs : wanted;
    return latest > 0n ? latest : 1n;
  }

  async #reading<Result>(
    shard: Shard,
    request: ReadRequest,
    readTs: Timestamp,
    searchedFieldId: number | undefined,
    run: (view: ReadView) => Promise<Result>,
  ): Promise<Result> {
    checkRead(shard, request);
    const held: ShardSegment[] = [];
    const locals: LocalRead[] = [];
    const sealed: ShardSegment[] = [];
    for (const segment of shard.segmentsOf(request.partitionIds)) {
      if (request.ignoreGrowing && !segment.sealed) continue;
      const rows = segment.timestamps.rowsUpTo(readTs);
      if (rows === 0) continue;
      if (segment.local === undefined) sealed.push(segment);
      else {
        held.push(segment);
        const hidden = segment.marks.bitmap(segment.marks.countUpTo(readTs));
        locals.push(segment.local.read(rows, hidden, searchedFieldId));
      }
    }
    const stores = held.map((segment) => segment.local!);
    for (const local of stores) local.retain();
    const running = run({ readTs, locals, sealed });
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      for (const local of stores) local.release();
    }
  }

  /** Calls the query role with the marks it lacks; when it lacks more than we knew, once more with all of them. */
  async #askQueryRole<Reply>(
    shard: Shard,
    channel: ChannelWriter,
    view: ReadView,
    call: (segments: readonly SealedRead[]) => Promise<Reply>,
  ): Promise<Reply> {
    await Promise.all(view.sealed.map((segment) => this.#deps.serve(shard, channel, segment)));
    const counts = view.sealed.map((segment) => segment.marks.count);
    const ask = async (fromStart: boolean) => {
      const reads = view.sealed.map((segment, i) => sealedRead(segment, view.readTs, fromStart, counts[i]!));
      const reply = await call(reads);
      view.sealed.forEach((segment, i) => {
        segment.marksSent = Math.max(segment.marksSent, counts[i]!);
      });
      return reply;
    };
    try {
      return await ask(false);
    } catch (caught) {
      if (ElanusError.from(caught).kind !== 'Conflict') throw caught;
      return ask(true);
    }
  }
}

/** In one step with the choice of segments: what is released or compacted meanwhile must not be missed. */
function checkRead(shard: Shard, { partitionIds, snapshotTs }: ReadRequest): void {
  checkLoaded(shard, partitionIds);
  if (snapshotTs !== undefined) checkHorizon(shard, snapshotTs);
}

/** Without it a read would load again what was just released. */
function checkLoaded({ collection }: Shard, partitionIds: readonly number[] | undefined): void {
  const { load, schema, partitions } = collection;
  if (load.state !== 'loaded') {
    throw new ElanusError('NotLoaded', 'collection not loaded', {
      subject: 'collection',
      context: { database: collection.databaseName, collection: schema.name },
    });
  }
  const wanted = partitionIds ?? partitions.map(({ partitionId }) => partitionId);
  const missing = wanted.find((partitionId) => load.partitionIds?.includes(partitionId) === false);
  if (missing === undefined) return;
  throw new ElanusError('NotLoaded', 'partition not loaded', {
    subject: 'partition',
    context: { partition: partitions.find(({ partitionId }) => partitionId === missing)?.name ?? missing },
  });
}

/** A snapshot is complete as long as no row that it should show was dropped. */
function checkHorizon(shard: Shard, snapshotTs: Timestamp): void {
  let oldest = shard.horizonTs;
  for (const { info } of shard.segments.values())
    if (info !== undefined && info.horizonTs > oldest) oldest = info.horizonTs;
  if (snapshotTs >= oldest) return;
  throw new ElanusError('Invalid', 'the snapshot is too old: rows that it shows were compacted away', {
    subject: 'parameter',
    context: { snapshot: snapshotTs, oldest, setting: 'segment.snapshotRetentionMs' },
  });
}

function sealedRead(segment: ShardSegment, readTs: Timestamp, fromStart: boolean, count: number): SealedRead {
  const from = fromStart ? 0 : Math.min(segment.marksSent, count);
  const { rows } = segment.marks.delta(from);
  return {
    segmentId: segment.segmentId,
    rowsLimit: segment.timestamps.rowsUpTo(readTs),
    marksCount: segment.marks.countUpTo(readTs),
    marks: { from, rows },
  };
}
