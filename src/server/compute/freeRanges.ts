/**
 * Free byte ranges of one arena: sorted by offset, never touching (neighbours are merged). All numbers are multiples of
 * the caller's alignment, up to 2^32.
 */
export class FreeRanges {
  readonly #offsets: number[];
  readonly #lengths: number[];

  constructor(offset: number, length: number) {
    this.#offsets = [offset];
    this.#lengths = [length];
  }

  /** Takes `length` bytes from the lowest range that is long enough; returns their offset, or −1. */
  take(length: number): number {
    const lengths = this.#lengths;
    for (let i = 0; i < lengths.length; i++) {
      const free = lengths[i]!;
      if (free < length) continue;
      const offset = this.#offsets[i]!;
      if (free === length) {
        this.#offsets.splice(i, 1);
        lengths.splice(i, 1);
      } else {
        this.#offsets[i] = offset + length;
        lengths[i] = free - length;
      }
      return offset;
    }
    return -1;
  }

  /** Gives a range back that was taken. */
  give(offset: number, length: number): void {
    const at = this.#firstAfter(offset);
    const before = at - 1;
    const joinsBefore = before >= 0 && this.#offsets[before]! + this.#lengths[before]! === offset;
    const joinsAfter = at < this.#offsets.length && offset + length === this.#offsets[at]!;
    if (joinsBefore && joinsAfter) {
      this.#lengths[before]! += length + this.#lengths[at]!;
      this.#offsets.splice(at, 1);
      this.#lengths.splice(at, 1);
    } else if (joinsBefore) {
      this.#lengths[before]! += length;
    } else if (joinsAfter) {
      this.#offsets[at] = offset;
      this.#lengths[at]! += length;
    } else {
      this.#offsets.splice(at, 0, offset);
      this.#lengths.splice(at, 0, length);
    }
  }

  /** Length of the longest free range. */
  longest(): number {
    let longest = 0;
    for (const length of this.#lengths) if (length > longest) longest = length;
    return longest;
  }

  #firstAfter(offset: number): number {
    let low = 0;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#offsets[middle]! > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
