import type { Column } from '../domain/columns.ts';
import { evaluateFilter } from '../expr/evaluate.ts';
import type { TaskContext } from '../ports/compute.ts';
import { andNot, bitsetBytes, fillPrefix } from '../segment/bitset.ts';
import type { SegmentLayout } from '../segment/layout.ts';
import { SegmentReader } from '../segment/layout.ts';
import { recall, remember } from './filterCache.ts';
import type { FilterRead, SegmentRead } from './reads.ts';

const readers = new WeakMap<SegmentLayout, SegmentReader>();

/** This thread's views of a published segment; made once a layout. */
export function readerOf(context: TaskContext, layoutKey: string): SegmentReader {
  const layout = context.published(layoutKey) as SegmentLayout;
  let reader = readers.get(layout);
  if (reader === undefined) {
    reader = new SegmentReader(layout, context.memory);
    readers.set(layout, reader);
  }
  return reader;
}

class ChunkSource {
  chunk = 0;
  readonly #reader: SegmentReader;

  constructor(reader: SegmentReader) {
    this.#reader = reader;
  }

  column(fieldId: number): Column {
    return this.#reader.column(this.chunk, fieldId);
  }
}

/** Writes the bitset of rows that are visible and pass the filter; `into` has bitsetBytes(rowsLimit) bytes. */
export function writeAllowed(
  reader: SegmentReader,
  read: SegmentRead,
  { filter, filterNumber }: FilterRead,
  into: Uint8Array,
): void {
  if (filter === undefined) fillPrefix(into, read.rowsLimit);
  else if (!recall(reader, filterNumber, read.rowsLimit, into)) {
    const source = new ChunkSource(reader);
    const chunkRows = 1 << reader.layout.chunkRowsLog2;
    // Chunks of fewer than 8 rows do not start at a byte: there is only one then.
    for (let first = 0; first < read.rowsLimit; first += chunkRows, source.chunk++) {
      const rows = Math.min(chunkRows, read.rowsLimit - first);
      evaluateFilter(filter, source, rows, into.subarray(first >> 3, (first >> 3) + bitsetBytes(rows)));
    }
    remember(reader, filterNumber, read.rowsLimit, into);
  }
  if (read.hidden !== undefined) andNot(into, read.hidden);
}
