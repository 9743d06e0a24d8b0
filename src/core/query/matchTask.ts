import type { Column } from '../domain/columns.ts';
import type { TaskContext } from '../ports/compute.ts';
import { bitsetBytes, popCount, rowsOf } from '../segment/bitset.ts';
import { compareKeys, keyReader } from '../segment/keyOrder.ts';
import type { SegmentReader } from '../segment/layout.ts';
import type { MatchTaskInput, MatchTaskResult } from './reads.ts';
import { readerOf, writeAllowed } from './segmentAccess.ts';

/** Rows that are visible and pass the filter: their number, or themselves in the order of the primary key. */
export function matchTask(context: TaskContext, input: MatchTaskInput): MatchTaskResult {
  const readers = input.segments.map((read) => readerOf(context, read.layoutKey));
  const bitsets = input.segments.map((read, i) => {
    const bits = new Uint8Array(bitsetBytes(read.rowsLimit));
    writeAllowed(readers[i]!, read, input, bits);
    return bits;
  });
  const counts = bitsets.map(popCount);
  const count = counts.reduce((sum, value) => sum + value, 0);
  if (input.countOnly) return { count, segments: new Uint32Array(0), rows: new Uint32Array(0) };
  const segments = new Uint32Array(count);
  const rows = new Uint32Array(count);
  let at = 0;
  bitsets.forEach((bits, segment) => {
    rows.set(rowsOf(bits, counts[segment]!), at);
    segments.fill(segment, at, at + counts[segment]!);
    at += counts[segment]!;
  });
  const keys = gatherKeys(readers, input.primaryKeyFieldId, segments, rows);
  const order = smallestFirst(keys, count, Math.min(count, input.limit ?? count));
  if (order === undefined) {
    const end = Math.min(count, input.limit ?? count);
    return { count: end, segments: segments.slice(0, end), rows: rows.slice(0, end) };
  }
  return { count: order.length, segments: order.map((i) => segments[i]!), rows: order.map((i) => rows[i]!) };
}

/** Compares the keys of two matches by their number. */
type CompareMatches = (a: number, b: number) => number;

function gatherKeys(
  readers: readonly SegmentReader[],
  fieldId: number,
  segments: Uint32Array,
  rows: Uint32Array,
): CompareMatches {
  const columnAt = (match: number): { column: Column; row: number } => {
    const reader = readers[segments[match]!]!;
    const log2 = reader.layout.chunkRowsLog2;
    const row = rows[match]!;
    return { column: reader.column(row >> log2, fieldId), row: row & ((1 << log2) - 1) };
  };
  if (rows.length === 0) return () => 0;
  if (columnAt(0).column.kind === 'bytes') {
    return (a, b) => {
      const left = columnAt(a);
      const right = columnAt(b);
      return compareKeys(keyReader(left.column), left.row, keyReader(right.column), right.row);
    };
  }
  return compareInt64(readers, fieldId, segments, rows);
}

/** Int64 keys are gathered as halves first, so that comparing makes no object. */
function compareInt64(
  readers: readonly SegmentReader[],
  fieldId: number,
  segments: Uint32Array,
  rows: Uint32Array,
): CompareMatches {
  const low = new Uint32Array(rows.length);
  const high = new Int32Array(rows.length);
  let halves: Int32Array = new Int32Array(0);
  let lastSegment = -1;
  let lastChunk = -1;
  for (let i = 0; i < rows.length; i++) {
    const reader = readers[segments[i]!]!;
    const log2 = reader.layout.chunkRowsLog2;
    const chunk = rows[i]! >> log2;
    if (segments[i] !== lastSegment || chunk !== lastChunk) {
      const column = reader.column(chunk, fieldId);
      if (column.kind === 'fixed') {
        halves = new Int32Array(column.values.buffer, column.values.byteOffset, column.values.length * 2);
      }
      lastSegment = segments[i]!;
      lastChunk = chunk;
    }
    const at = (rows[i]! & ((1 << log2) - 1)) * 2;
    low[i] = halves[at]!;
    high[i] = halves[at + 1]!;
  }
  return (a, b) => (high[a] === high[b] ? low[a]! - low[b]! : high[a]! < high[b]! ? -1 : 1);
}

/** The numbers of the `limit` smallest matches in order; undefined when the matches are in order already. */
function smallestFirst(compare: CompareMatches, count: number, limit: number): Uint32Array | undefined {
  let inOrder = true;
  for (let i = 1; i < count && inOrder; i++) inOrder = compare(i - 1, i) <= 0;
  if (inOrder) return undefined;
  if (limit === 0) return new Uint32Array(0);
  if (limit * 4 >= count) {
    const all = Uint32Array.from({ length: count }, (_, i) => i).sort(compare);
    return all.slice(0, limit);
  }
  const heap = new Uint32Array(limit);
  let size = 0;
  for (let i = 0; i < count; i++) {
    if (size < limit) siftUp(heap, size++, i, compare);
    else if (compare(i, heap[0]!) < 0) siftDown(heap, size, i, compare);
  }
  return heap.subarray(0, size).sort(compare);
}

/** A heap with the largest kept match on top. */
function siftUp(heap: Uint32Array, at: number, match: number, compare: CompareMatches): void {
  let i = at;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (compare(heap[parent]!, match) >= 0) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = match;
}

function siftDown(heap: Uint32Array, size: number, match: number, compare: CompareMatches): void {
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= size) break;
    if (child + 1 < size && compare(heap[child + 1]!, heap[child]!) > 0) child++;
    if (compare(heap[child]!, match) <= 0) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = match;
}
