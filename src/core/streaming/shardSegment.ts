import type { SegmentInfo } from '../domain/catalog.ts';
import type { Column } from '../domain/columns.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import { KeyTable } from '../segment/keyTable.ts';
import type { LocalSegment } from '../segment/localSegment.ts';
import { Marks } from '../segment/marks.ts';
import { RowTimestamps } from '../segment/rowTimestamps.ts';

/**
 * A segment as its shard's owner knows it: timestamps, marks and keys always, the rows themselves (`local`) until the query
 * role serves them.
 *
 * growing → sealed (by a log record) → flushed (`info`: objects and catalogue entry are durable).
 */
export class ShardSegment {
  readonly segmentId: number;
  readonly partitionId: number;
  sealed = false;
  info: SegmentInfo | undefined;
  local: LocalSegment | undefined;
  timestamps = new RowTimestamps();
  marks = new Marks();
  /** Built when first needed. */
  keys: KeyTable | undefined;
  /** Log position before the first row: replay must start there until the segment is flushed. Undefined = from the start. */
  readonly replayFrom: string | undefined;
  /** Log position of the last row. */
  lastPosition = '';
  /** Marks that the marks file has, and the position before the first one that it has not. */
  marksSaved = 0;
  marksDirtyFrom: string | undefined;
  /** Marks that the query role has acknowledged. */
  marksSent = 0;
  /** Set while or after the query role serves it. */
  served: Promise<void> | undefined;
  /** `served` has resolved, or why it did not. */
  loaded = false;
  loadError: unknown;
  /** An index of it is being built. */
  indexing = false;
  /** Its index files are being saved, or the query role takes it over. */
  finishing = false;

  constructor(segmentId: number, partitionId: number, replayFrom: string | undefined) {
    this.segmentId = segmentId;
    this.partitionId = partitionId;
    this.replayFrom = replayFrom;
  }

  get rows(): number {
    return this.timestamps.rows;
  }

  get hasDirtyMarks(): boolean {
    return this.info !== undefined && this.marks.count > this.marksSaved;
  }

  /** Builds the key table from rows in memory. */
  buildKeys(
    kind: 'int64' | 'bytes',
    keyColumns: Iterable<{ readonly column: Column; readonly rows: number }>,
  ): void {
    const keys = new KeyTable(kind);
    for (const { column, rows } of keyColumns) for (let i = 0; i < rows; i++) keys.put(column, i);
    this.keys = keys;
  }

  /**
   * Marks the row with the key at `index` of `column` if it comes before `write`; true when it was visible until then.
   * Rows of the same record come before it in the segments of `write.earlier`: the last duplicate wins.
   */
  hide(column: Column, index: number, write: MarkingWrite): boolean {
    if (this.info !== undefined && write.position <= this.info.marksPosition) return false;
    const row = this.keys!.find(column, index);
    if (row < 0) return false;
    const inserted = this.timestamps.of(row);
    if (inserted > write.timestamp) return false;
    if (inserted === write.timestamp && !write.earlier.has(this)) return false;
    return this.markRow(row, write.timestamp, write.replayFrom) && inserted < write.timestamp;
  }

  markRow(row: number, timestamp: Timestamp, replayFrom: string | undefined): boolean {
    const first = this.marks.count === this.marksSaved;
    if (!this.marks.add(row, timestamp)) return false;
    if (first) this.marksDirtyFrom = replayFrom;
    return true;
  }
}

/** The write that marks older rows. */
export interface MarkingWrite {
  readonly timestamp: Timestamp;
  readonly position: string;
  /** Log position before it. */
  readonly replayFrom: string | undefined;
  /** Segments that the same record put rows into before. */
  readonly earlier: ReadonlySet<ShardSegment>;
}
