import { ElanusError } from '../domain/errors.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import { setBit, testBit } from './bitset.ts';

/** A part of a marks list, as it travels: marks number `from` and later. */
export interface MarksDelta {
  readonly from: number;
  readonly rows: Uint32Array;
  readonly timestamps: BigUint64Array;
}

/**
 * Delete marks of one segment: an append-only list of (row, timestamp), timestamps ascending, at most one mark a row.
 * A row is hidden from timestamp on.
 */
export class Marks {
  #rows = new Uint32Array(8);
  #timestamps = new BigUint64Array(8);
  #count = 0;
  #bits = new Uint8Array(8);
  #snapshot: Uint8Array | undefined;
  #snapshotCount = 0;

  get count(): number {
    return this.#count;
  }

  /** The largest timestamp of a mark; 0n without marks. */
  get last(): Timestamp {
    return this.#count === 0 ? 0n : this.#timestamps[this.#count - 1]!;
  }

  has(row: number): boolean {
    return row >> 3 < this.#bits.length && testBit(this.#bits, row);
  }

  /** Marks `row` from `timestamp` on; false when it was marked already. */
  add(row: number, timestamp: Timestamp): boolean {
    if (this.has(row)) return false;
    if (this.#count === this.#rows.length) this.#grow();
    this.#rows[this.#count] = row;
    this.#timestamps[this.#count++] = timestamp;
    if (row >> 3 >= this.#bits.length) {
      const bits = new Uint8Array(Math.max(this.#bits.length * 2, (row >> 3) + 1));
      bits.set(this.#bits);
      this.#bits = bits;
    }
    setBit(this.#bits, row);
    return true;
  }

  /** Number of marks at or before `timestamp`: the first that many of the list. */
  countUpTo(timestamp: Timestamp): number {
    if (timestamp >= this.last) return this.#count;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timestamps[middle]! <= timestamp) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Bitmap of the rows of the first `count` marks; undefined when count is 0. Never written again once handed out. */
  bitmap(count: number): Uint8Array | undefined {
    if (count === 0) return undefined;
    if (count === this.#snapshotCount) return this.#snapshot;
    let bits: Uint8Array;
    if (count === this.#count) bits = this.#bits.slice();
    else {
      bits = new Uint8Array(this.#bits.length);
      for (let i = 0; i < count; i++) setBit(bits, this.#rows[i]!);
    }
    if (count === this.#count) {
      this.#snapshot = bits;
      this.#snapshotCount = count;
    }
    return bits;
  }

  /** Marks number `from` and later, as a copy. */
  delta(from: number): MarksDelta {
    return {
      from,
      rows: this.#rows.slice(from, this.#count),
      timestamps: this.#timestamps.slice(from, this.#count),
    };
  }

  /** Appends what is new in `delta`. Conflict when marks between ours and the delta are missing. */
  apply(delta: MarksDelta): void {
    if (delta.from > this.#count) {
      throw new ElanusError('Conflict', 'marks are missing', {
        context: { have: this.#count, from: delta.from },
      });
    }
    for (let i = this.#count - delta.from; i < delta.rows.length; i++)
      this.add(delta.rows[i]!, delta.timestamps[i]!);
  }

  /** The first `count` marks as u32 count, u32 0, u64 timestamps, u32 rows: the content of a marks file. */
  encode(count: number): Uint8Array {
    const bytes = new Uint8Array(8 + count * 12);
    new DataView(bytes.buffer).setUint32(0, count, true);
    new BigUint64Array(bytes.buffer, 8, count).set(this.#timestamps.subarray(0, count));
    new Uint32Array(bytes.buffer, 8 + count * 8, count).set(this.#rows.subarray(0, count));
    return bytes;
  }

  static decode(bytes: Uint8Array): Marks {
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
    const count =
      aligned.length < 8 ? 0 : new DataView(aligned.buffer, aligned.byteOffset).getUint32(0, true);
    if (aligned.length < 8 + count * 12) throw new ElanusError('Corrupt', 'a marks file is too short');
    const marks = new Marks();
    marks.apply({
      from: 0,
      timestamps: new BigUint64Array(aligned.buffer, aligned.byteOffset + 8, count),
      rows: new Uint32Array(aligned.buffer, aligned.byteOffset + 8 + count * 8, count),
    });
    return marks;
  }

  #grow(): void {
    const rows = new Uint32Array(this.#count * 2);
    const timestamps = new BigUint64Array(this.#count * 2);
    rows.set(this.#rows);
    timestamps.set(this.#timestamps);
    this.#rows = rows;
    this.#timestamps = timestamps;
  }
}
