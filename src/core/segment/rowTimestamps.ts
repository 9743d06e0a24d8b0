import type { Timestamp } from '../domain/timestamp.ts';

/** Insert timestamps of a segment's rows, ascending: one entry a write, (timestamp, first row). */
export class RowTimestamps {
  #timestamps = new BigUint64Array(4);
  #firstRows = new Uint32Array(4);
  #entries = 0;
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  get first(): Timestamp {
    return this.#entries === 0 ? 0n : this.#timestamps[0]!;
  }

  get last(): Timestamp {
    return this.#entries === 0 ? 0n : this.#timestamps[this.#entries - 1]!;
  }

  /** Adds `rows` rows written at `timestamp`, which is not before the last one. */
  push(timestamp: Timestamp, rows: number): void {
    if (this.#entries === 0 || this.last !== timestamp) {
      if (this.#entries === this.#firstRows.length) this.#grow();
      this.#timestamps[this.#entries] = timestamp;
      this.#firstRows[this.#entries++] = this.#rows;
    }
    this.#rows += rows;
  }

  of(row: number): Timestamp {
    let low = 0;
    let high = this.#entries;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#firstRows[middle]! <= row) low = middle;
      else high = middle;
    }
    return this.#timestamps[low]!;
  }

  /** Rows inserted at or before `timestamp`: a prefix. */
  rowsUpTo(timestamp: Timestamp): number {
    if (this.#entries === 0 || timestamp >= this.last) return this.#rows;
    let low = 0;
    let high = this.#entries;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timestamps[middle]! <= timestamp) low = middle + 1;
      else high = middle;
    }
    return low === this.#entries ? this.#rows : this.#firstRows[low]!;
  }

  /** One timestamp a row, for the segment's file. */
  toColumn(): BigInt64Array {
    const column = new BigInt64Array(this.#rows);
    for (let i = 0; i < this.#entries; i++) {
      const end = i + 1 < this.#entries ? this.#firstRows[i + 1]! : this.#rows;
      column.fill(BigInt.asIntN(64, this.#timestamps[i]!), this.#firstRows[i]!, end);
    }
    return column;
  }

  /** Adds rows from a column of one timestamp a row. */
  pushColumn(column: BigInt64Array, rows: number): void {
    const halves = new Int32Array(column.buffer, column.byteOffset, rows * 2);
    for (let start = 0; start < rows; ) {
      let end = start + 1;
      while (
        end < rows &&
        halves[end * 2] === halves[start * 2] &&
        halves[end * 2 + 1] === halves[start * 2 + 1]
      )
        end++;
      this.push(BigInt.asUintN(64, column[start]!), end - start);
      start = end;
    }
  }

  #grow(): void {
    const timestamps = new BigUint64Array(this.#entries * 2);
    const firstRows = new Uint32Array(this.#entries * 2);
    timestamps.set(this.#timestamps);
    firstRows.set(this.#firstRows);
    this.#timestamps = timestamps;
    this.#firstRows = firstRows;
  }
}
