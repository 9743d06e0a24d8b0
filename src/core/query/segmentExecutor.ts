import type { Metric } from '../domain/metric.ts';
import type { FieldSchema } from '../domain/schema.ts';
import type { FilterPlan } from '../expr/plan.ts';
import type { Compute } from '../ports/compute.ts';
import type { Hits } from '../rank/mergeHits.ts';
import type { MergedRows } from '../rank/mergeRows.ts';
import { emptyColumn } from '../segment/constantColumn.ts';
import { gatherColumn, type Picks } from '../segment/gather.ts';
import type { RowStore } from '../segment/rowStore.ts';
import { numberOf } from './filterCache.ts';
import type {
  FilterRead,
  MatchTaskInput,
  MatchTaskResult,
  SearchTaskInput,
  SearchTaskResult,
  SegmentRead,
} from './reads.ts';
import { scratchBytes } from './searchTask.ts';
import { TASK } from './taskNames.ts';
import { TopK } from './topK.ts';

/** Rows in ascending order of the key; `count` of them match, also when only the count was wanted. */
export interface QueryRows extends MergedRows {
  readonly count: number;
}

/** A segment that this role holds in memory, and how to read it. */
export interface LocalRead {
  readonly store: RowStore;
  readonly read: SegmentRead;
}

export interface SearchSpec {
  readonly fieldId: number;
  readonly metric: Metric;
  readonly dim: number;
  readonly params: Readonly<Record<string, number>>;
  readonly filter: FilterPlan | undefined;
  readonly queries: Float32Array;
  readonly queryCount: number;
  readonly k: number;
  readonly scoreAbove: number;
  readonly scoreAtMost: number;
  readonly exact: boolean;
}

/** What a task needs of a role's request, and nothing that would be copied to a worker in vain. */
export function searchSpec(request: Omit<SearchSpec, 'dim'>, dim: number): SearchSpec {
  const { fieldId, metric, params, filter, queries, queryCount, k, scoreAbove, scoreAtMost, exact } = request;
  const own = ownValues(queries);
  return {
    fieldId,
    metric,
    dim,
    params,
    filter,
    queries: own,
    queryCount,
    k,
    scoreAbove,
    scoreAtMost,
    exact,
  };
}

/** A view is sent to a thread with all of its buffer, and that may be everything that a connection received. */
function ownValues(values: Float32Array): Float32Array {
  return values.byteLength === values.buffer.byteLength ? values : values.slice();
}

export interface MatchSpec {
  readonly filter: FilterPlan | undefined;
  readonly limit: number | undefined;
  readonly countOnly: boolean;
}

const CHUNKS_MAX = 2 ** 20;
/** Below this a search is not worth splitting over threads. */
const SPLIT_MICROS = 2_000;

/** Runs reads over segments in this process's memory and fetches what they found. */
export class SegmentExecutor {
  readonly #compute: Compute;
  readonly #sharedByThreads: (plugin: string) => boolean;

  constructor(compute: Compute, sharedByThreads: (plugin: string) => boolean) {
    this.#compute = compute;
    this.#sharedByThreads = sharedByThreads;
  }

  async search(
    locals: readonly LocalRead[],
    spec: SearchSpec,
    keyField: FieldSchema,
    outputFields: readonly FieldSchema[],
  ): Promise<Hits> {
    const groups = this.#groups(locals, spec);
    const filterNumber = numberOf(spec.filter);
    const results = await Promise.all(
      groups.map((group) => this.#runSearch(group, locals, { ...spec, filterNumber })),
    );
    const result = results.length === 1 ? results[0]! : mergeResults(results, groups, spec);
    const fetched = fetchRows(locals, result, keyField, outputFields);
    return { counts: result.counts, scores: result.scores, ...fetched };
  }

  async match(
    locals: readonly LocalRead[],
    spec: MatchSpec,
    keyField: FieldSchema,
    outputFields: readonly FieldSchema[],
  ): Promise<QueryRows> {
    const input: MatchTaskInput = {
      segments: locals.map((local) => local.read),
      primaryKeyFieldId: keyField.fieldId,
      filterNumber: numberOf(spec.filter),
      ...spec,
    };
    const rows = locals.reduce((sum, local) => sum + local.read.rowsLimit, 0);
    const result = await this.#compute.run<MatchTaskResult>(TASK.match, input, {
      priority: 'search',
      costMicros: 20 + rows / 200,
    });
    return { count: result.count, ...fetchRows(locals, result, keyField, outputFields) };
  }

  /** Numbers of the segments of each task: one task, unless threads can share the work or an index is bound to one. */
  #groups(locals: readonly LocalRead[], spec: SearchSpec): readonly (readonly number[])[] {
    const all = locals.map((_, i) => i);
    const bound = locals.some((local) => local.read.index && !this.#sharedByThreads(local.read.index.plugin));
    const costly = this.#compute.threads > 1 && costMicros(locals, all, spec) > SPLIT_MICROS;
    return bound || (costly && locals.length > 1) ? all.map((i) => [i]) : [all];
  }

  #runSearch(
    group: readonly number[],
    locals: readonly LocalRead[],
    spec: SearchSpec & FilterRead,
  ): Promise<SearchTaskResult> {
    const segments = group.map((i) => locals[i]!.read);
    const input: SearchTaskInput = { segments, ...spec };
    const index = segments.length === 1 ? segments[0]!.index : undefined;
    const rows = segments.reduce((most, read) => Math.max(most, read.rowsLimit), 0);
    return this.#compute.run<SearchTaskResult>(TASK.search, input, {
      priority: 'search',
      costMicros: costMicros(locals, group, spec),
      ...(locals.length > 0 && { scratch: { arena: locals[0]!.store.arena, bytes: scratchBytes(rows) } }),
      ...(index !== undefined && !this.#sharedByThreads(index.plugin) && { affinity: index.id }),
    });
  }
}

function costMicros(locals: readonly LocalRead[], group: readonly number[], spec: SearchSpec): number {
  let micros = 10;
  for (const i of group) {
    const { read } = locals[i]!;
    const scan = (read.rowsLimit * spec.dim * 4) / 20_000;
    const walk = 20 + Math.max(spec.params.ef ?? 64, spec.k) * 1.5;
    const each = read.index === undefined || spec.exact ? scan : Math.min(scan, walk);
    micros += each * spec.queryCount + (spec.filter === undefined ? 0 : read.rowsLimit / 500);
  }
  return micros;
}

function mergeResults(
  results: readonly SearchTaskResult[],
  groups: readonly (readonly number[])[],
  spec: SearchSpec,
): SearchTaskResult {
  const starts = new Uint32Array(results.length);
  const counts = new Uint32Array(spec.queryCount);
  const best: TopK[] = [];
  for (let q = 0; q < spec.queryCount; q++) {
    const top = new TopK(spec.k);
    results.forEach((result, r) => {
      const start = starts[r]!;
      const count = result.counts[q]!;
      top.merge(
        groups[r]![0]!,
        result.scores.subarray(start, start + count),
        result.rows.subarray(start, start + count),
        count,
      );
      starts[r] = start + count;
    });
    counts[q] = top.count;
    best.push(top);
  }
  const total = best.reduce((sum, top) => sum + top.count, 0);
  const merged = {
    counts,
    scores: new Float32Array(total),
    segments: new Uint32Array(total),
    rows: new Uint32Array(total),
  };
  let at = 0;
  for (const top of best) {
    merged.scores.set(top.scores.subarray(0, top.count), at);
    merged.segments.set(top.segments.subarray(0, top.count), at);
    merged.rows.set(top.rows.subarray(0, top.count), at);
    at += top.count;
  }
  return merged;
}

/** Keys and output columns of the rows that a task found. */
function fetchRows(
  locals: readonly LocalRead[],
  found: { readonly segments: Uint32Array; readonly rows: Uint32Array },
  keyField: FieldSchema,
  outputFields: readonly FieldSchema[],
): MergedRows {
  const { places, picks } = picksOf(locals, found.segments, found.rows);
  const gather = (field: FieldSchema) => {
    if (places.length === 0) return emptyColumn(field);
    const columns = places.map(({ local, chunk }) => local.store.reader.column(chunk, field.fieldId));
    return gatherColumn(columns, picks);
  };
  const columns = outputFields.map((field) => ({ fieldId: field.fieldId, column: gather(field) }));
  return { keys: gather(keyField), output: { rows: found.rows.length, columns } };
}

interface Place {
  readonly local: LocalRead;
  readonly chunk: number;
}

/** Sources are the chunks of segments that have picked rows, numbered as they come; rows count from the chunk's start. */
function picksOf(
  locals: readonly LocalRead[],
  segments: Uint32Array,
  rows: Uint32Array,
): { readonly places: readonly Place[]; readonly picks: Picks } {
  const places: Place[] = [];
  const numbers = new Map<number, number>();
  const sources = new Uint32Array(rows.length);
  const inChunk = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const local = locals[segments[i]!]!;
    const log2 = local.store.layout.chunkRowsLog2;
    const chunk = rows[i]! >> log2;
    const key = segments[i]! * CHUNKS_MAX + chunk;
    let number = numbers.get(key);
    if (number === undefined) {
      number = places.push({ local, chunk }) - 1;
      numbers.set(key, number);
    }
    sources[i] = number;
    inChunk[i] = rows[i]! & ((1 << log2) - 1);
  }
  return { places, picks: { sources: places.length === 1 ? undefined : sources, rows: inChunk } };
}
