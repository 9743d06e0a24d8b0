import type { BytesColumn, Column } from '../domain/columns.ts';
import { DataType } from '../domain/dataTypes.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { wordsOf } from '../segment/keyOrder.ts';

/** Keys `first`, `first + 1`, …: numbers, or their decimal texts for a VarChar key. */
export function autoKeys(field: FieldSchema, first: bigint, rows: number): Column {
  return field.dataType === DataType.VarChar ? decimalKeys(first, rows) : numberKeys(first, rows);
}

function numberKeys(first: bigint, rows: number): Column {
  const values = new BigInt64Array(rows);
  const words = wordsOf(values);
  const low = Number(BigInt.asUintN(32, first));
  const high = Number(BigInt.asIntN(32, first >> 32n));
  for (let row = 0; row < rows; row++) {
    const sum = low + row;
    words[2 * row] = sum;
    words[2 * row + 1] = high + Math.floor(sum / 0x1_0000_0000);
  }
  return { kind: 'fixed', dataType: DataType.Int64, rows, values, validity: undefined };
}

const ZERO = 0x30;
const NINE = 0x39;

function decimalKeys(first: bigint, rows: number): BytesColumn {
  let digits = new TextEncoder().encode(first.toString());
  const widthMax = (first + BigInt(rows)).toString().length;
  const bytes = new Uint8Array(rows * widthMax);
  const offsets = new Uint32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    bytes.set(digits, offsets[row]!);
    offsets[row + 1] = offsets[row]! + digits.length;
    digits = increment(digits);
  }
  return { kind: 'bytes', dataType: DataType.VarChar, rows, offsets, bytes, validity: undefined };
}

/** Adds 1 to a decimal number in place; a longer array only when a digit is gained. */
function increment(digits: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let i = digits.length - 1; i >= 0; i--) {
    if (digits[i] !== NINE) {
      digits[i]!++;
      return digits;
    }
    digits[i] = ZERO;
  }
  const longer = new Uint8Array(digits.length + 1).fill(ZERO);
  longer[0] = ZERO + 1;
  return longer;
}
