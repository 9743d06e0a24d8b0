import type { BytesColumn } from '../domain/columns.ts';
import { ElanusError } from '../domain/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The first row that is not valid UTF-8, or -1. Rows of ASCII alone cost one pass over their bytes. */
export function utf8FaultAt(column: BytesColumn): number {
  const { bytes, offsets, rows } = column;
  for (let row = 0; row < rows; row++) {
    const end = offsets[row + 1]!;
    let at = offsets[row]!;
    while (at < end && bytes[at]! < 0x80) at++;
    if (at < end && !decodes(bytes.subarray(at, end))) return row;
  }
  return -1;
}

function decodes(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch (caught) {
    // A TypeError is how a fatal decoder says no; it is the answer here, not a failure.
    if (caught instanceof TypeError) return false;
    throw ElanusError.from(caught);
  }
}
