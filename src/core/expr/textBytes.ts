/** -1, 0 or 1: the order of a[aStart .. aEnd) and b[bStart .. bEnd) by their bytes. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): -1 | 0 | 1 {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const length = Math.min(aLength, bLength);
  for (let i = 0; i < length; i++) {
    const x = a[aStart + i]!;
    const y = b[bStart + i]!;
    if (x !== y) return x < y ? -1 : 1;
  }
  return aLength === bLength ? 0 : aLength < bLength ? -1 : 1;
}

/** Which signs of a comparison (2 = cannot be compared) an operator takes, as bits 1 << (sign + 1). */
export const ACCEPTED_SIGNS = {
  '==': 0b0010,
  '!=': 0b1101,
  '<': 0b0001,
  '<=': 0b0011,
  '>': 0b0100,
  '>=': 0b0110,
} as const;
