/** Keys in the order of their UTF-8 bytes, each held as a string of these bytes, which `<` then compares. */
export class SortedKeys {
  readonly #keys: string[] = [];

  add(key: string): void {
    const bytes = bytesOf(key);
    const at = this.#lowerBound(bytes);
    if (this.#keys[at] !== bytes) this.#keys.splice(at, 0, bytes);
  }

  delete(key: string): void {
    const bytes = bytesOf(key);
    const at = this.#lowerBound(bytes);
    if (this.#keys[at] === bytes) this.#keys.splice(at, 1);
  }

  /** At most `limit` keys with `prefix`, from `afterKey` (exclusive) on. */
  range(prefix: string, afterKey: string | undefined, limit: number): string[] {
    const start = bytesOf(prefix);
    // The next string after `afterKey` is the one with a zero behind it.
    const next = afterKey === undefined ? start : `${bytesOf(afterKey)}\0`;
    let at = this.#lowerBound(next > start ? next : start);
    const found: string[] = [];
    for (; found.length < limit && this.#keys[at]?.startsWith(start); at++)
      found.push(keyOf(this.#keys[at]!));
    return found;
  }

  /** Index of the first key that is not below `bytes`. */
  #lowerBound(bytes: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle]! < bytes) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function bytesOf(key: string): string {
  return Buffer.from(key).toString('latin1');
}

function keyOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}
