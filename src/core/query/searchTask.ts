import type { TaskContext } from '../ports/compute.ts';
import type { VectorIndexKernel, VectorRows, VectorSearchResult } from '../ports/vectorIndex.ts';
import { bitsetBytes, popCount } from '../segment/bitset.ts';
import type { SearchTaskInput, SearchTaskResult, SegmentRead } from './reads.ts';
import { readerOf, writeAllowed } from './segmentAccess.ts';
import { TopK } from './topK.ts';

const EXACT_PLUGIN = 'flat';

/** Top k of each query over some segments, filter and visibility applied. Never fewer than k hits when k rows qualify. */
export function searchTask(context: TaskContext, input: SearchTaskInput): SearchTaskResult {
  const best = Array.from({ length: input.queryCount }, () => new TopK(input.k));
  const found = { rows: new Uint32Array(input.k), scores: new Float32Array(input.k) };
  input.segments.forEach((read, segment) => {
    if (read.rowsLimit > 0) searchSegment(context, input, read, segment, best, found);
  });
  return flatten(best, input.scoreAbove);
}

interface Allowed {
  readonly offset: number | undefined;
  readonly count: number;
}

function searchSegment(
  context: TaskContext,
  input: SearchTaskInput,
  read: SegmentRead,
  segment: number,
  best: readonly TopK[],
  found: VectorSearchResult,
): void {
  const reader = readerOf(context, read.layoutKey);
  const vectors = reader.vectorRows(input.fieldId, read.rowsLimit);
  const allowed = prepareAllowed(context, input, read, vectors.arena);
  if (allowed.count === 0) return;
  const exact = context.kernel(EXACT_PLUGIN);
  const graph = read.index === undefined ? undefined : context.kernel(read.index.plugin);
  for (let q = 0; q < input.queryCount; q++) {
    const query = input.queries.subarray(q * input.dim, (q + 1) * input.dim);
    if (graph !== undefined && canAnswer(graph, input)) {
      const indexed = Math.min(graph.indexedRows(read.index!), read.rowsLimit);
      const hits = searchGraph(graph, input, read, vectors, query, allowed, indexed, found);
      best[q]!.merge(segment, found.scores, found.rows, hits);
      if (indexed < read.rowsLimit) {
        const tail = scanTail(context, exact, input, read, vectors, query, allowed, indexed, found);
        best[q]!.merge(segment, found.scores, found.rows, tail);
      }
    } else {
      const hits = scan(exact, input, vectors, query, read.rowsLimit, allowed, found);
      best[q]!.merge(segment, found.scores, found.rows, hits);
    }
  }
}

function prepareAllowed(
  context: TaskContext,
  input: SearchTaskInput,
  read: SegmentRead,
  arena: number,
): Allowed {
  if (input.filter === undefined && read.hidden === undefined) {
    return { offset: undefined, count: read.rowsLimit };
  }
  const bytes = bitsetBytes(read.rowsLimit);
  const place = context.scratch(arena, scratchBytes(read.rowsLimit));
  const bits = context.memory.view(arena, place.offset, bytes);
  writeAllowed(readerOf(context, read.layoutKey), read, input, bits);
  return { offset: place.offset, count: popCount(bits) };
}

/** Two bitsets: allowed rows, and allowed rows of the part that is not indexed yet. */
export function scratchBytes(rows: number): number {
  return 2 * ((bitsetBytes(rows) + 127) & ~63);
}

/** Bounds above a score need a scan: an index would stop at the best rows. */
function canAnswer(index: VectorIndexKernel, input: SearchTaskInput): boolean {
  if (input.exact || input.scoreAtMost !== Number.POSITIVE_INFINITY) return false;
  return index.capabilities.metrics.includes(input.metric);
}

function searchGraph(
  graph: VectorIndexKernel,
  input: SearchTaskInput,
  read: SegmentRead,
  vectors: VectorRows,
  query: Float32Array,
  allowed: Allowed,
  indexed: number,
  found: VectorSearchResult,
): number {
  if (indexed === 0) return 0;
  const request = {
    query,
    k: input.k,
    params: input.params,
    rowsLimit: indexed,
    allowedOffset: allowed.offset,
    allowedCount: Math.min(allowed.count, indexed),
    scoreBelow: Number.POSITIVE_INFINITY,
  };
  return graph.search(read.index!, vectors, request, found);
}

function scan(
  exact: VectorIndexKernel,
  input: SearchTaskInput,
  vectors: VectorRows,
  query: Float32Array,
  rowsLimit: number,
  allowed: Allowed,
  found: VectorSearchResult,
): number {
  const spec = { metric: input.metric, dim: input.dim, params: {} };
  const handle = { id: 0, plugin: EXACT_PLUGIN, spec, rowsCapacity: 0, region: undefined };
  return exact.search(
    handle,
    vectors,
    {
      query,
      k: input.k,
      params: input.params,
      rowsLimit,
      allowedOffset: allowed.offset,
      allowedCount: allowed.count,
      scoreBelow:
        input.scoreAtMost === Number.POSITIVE_INFINITY ? input.scoreAtMost : nextFloat(input.scoreAtMost),
    },
    found,
  );
}

/** Scans rows [indexed, rowsLimit): whole chunks before them are left out, the rest of their chunk is masked. */
function scanTail(
  context: TaskContext,
  exact: VectorIndexKernel,
  input: SearchTaskInput,
  read: SegmentRead,
  vectors: VectorRows,
  query: Float32Array,
  allowed: Allowed,
  indexed: number,
  found: VectorSearchResult,
): number {
  const skipped = vectors.chunkRowsLog2 >= 3 ? indexed >> vectors.chunkRowsLog2 : 0;
  const firstRow = skipped << vectors.chunkRowsLog2;
  const rows = read.rowsLimit - firstRow;
  const place = context.scratch(vectors.arena, scratchBytes(read.rowsLimit));
  const offset = place.offset + scratchBytes(read.rowsLimit) / 2;
  const bits = context.memory.view(vectors.arena, offset, bitsetBytes(rows));
  if (allowed.offset === undefined) bits.fill(0xff);
  else bits.set(context.memory.view(vectors.arena, allowed.offset + (firstRow >> 3), bits.length));
  clearPrefix(bits, indexed - firstRow);
  const tail: VectorRows = {
    ...vectors,
    chunkOffsets: vectors.chunkOffsets.slice(skipped),
    chunkTableOffset: vectors.chunkTableOffset + skipped * 4,
    rows,
  };
  const tailAllowed = { offset, count: rows - (indexed - firstRow) };
  const hits = scan(exact, input, tail, query, rows, tailAllowed, found);
  for (let i = 0; i < hits; i++) found.rows[i]! += firstRow;
  return hits;
}

function clearPrefix(bits: Uint8Array, rows: number): void {
  bits.fill(0, 0, rows >> 3);
  if ((rows & 7) !== 0) bits[rows >> 3]! &= 0xff << (rows & 7);
}

const floats = new Float32Array(1);
const ints = new Int32Array(floats.buffer);

/** The smallest float32 above `value`. */
function nextFloat(value: number): number {
  floats[0] = value;
  if (floats[0] === 0) return 1.401298464324817e-45;
  ints[0]! += floats[0] > 0 ? 1 : -1;
  return floats[0];
}

function flatten(best: readonly TopK[], scoreAbove: number): SearchTaskResult {
  const counts = new Uint32Array(best.length);
  let total = 0;
  best.forEach((hits, q) => {
    let count = hits.count;
    while (count > 0 && !(hits.scores[count - 1]! > scoreAbove)) count--;
    counts[q] = count;
    total += count;
  });
  const result = {
    counts,
    scores: new Float32Array(total),
    segments: new Uint32Array(total),
    rows: new Uint32Array(total),
  };
  let at = 0;
  best.forEach((hits, q) => {
    result.scores.set(hits.scores.subarray(0, counts[q]), at);
    result.segments.set(hits.segments.subarray(0, counts[q]), at);
    result.rows.set(hits.rows.subarray(0, counts[q]), at);
    at += counts[q]!;
  });
  return result;
}
