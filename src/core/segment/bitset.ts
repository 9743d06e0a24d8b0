/** LSB-first bitsets: bit r of byte r >> 3. Bits at and beyond the row count are 0 in every bitset that is handed out. */

export function bitsetBytes(rows: number): number {
  return (rows + 7) >> 3;
}

export function testBit(bits: Uint8Array, row: number): boolean {
  return ((bits[row >> 3]! >> (row & 7)) & 1) === 1;
}

export function setBit(bits: Uint8Array, row: number): void {
  bits[row >> 3]! |= 1 << (row & 7);
}

/** Sets bits [0, rows) and clears the rest. */
export function fillPrefix(bits: Uint8Array, rows: number): void {
  const whole = rows >> 3;
  bits.fill(0xff, 0, whole);
  bits.fill(0, whole);
  if ((rows & 7) !== 0) bits[whole] = (1 << (rows & 7)) - 1;
}

/** into &= ~other. `other` may be shorter: missing bits are 0. */
export function andNot(into: Uint8Array, other: Uint8Array): void {
  const length = Math.min(into.length, other.length);
  for (let i = 0; i < length; i++) into[i]! &= ~other[i]!;
}

export function popCount(bits: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bits.length; i++) {
    let byte = bits[i]!;
    byte = byte - ((byte >> 1) & 0x55);
    byte = (byte & 0x33) + ((byte >> 2) & 0x33);
    count += (byte + (byte >> 4)) & 0x0f;
  }
  return count;
}

/** Row numbers of the set bits, ascending. */
export function rowsOf(bits: Uint8Array, count: number): Uint32Array {
  const rows = new Uint32Array(count);
  let n = 0;
  for (let i = 0; i < bits.length && n < count; i++) {
    let byte = bits[i]!;
    while (byte !== 0) {
      rows[n++] = (i << 3) + (31 - Math.clz32(byte & -byte));
      byte &= byte - 1;
    }
  }
  return rows;
}
