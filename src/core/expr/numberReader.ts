import { fixedReader, halvesOf } from './blockReaders.ts';
import { arrayColumn, type Binding, bytesColumn } from './blockTest.ts';
import { calculate } from './calculate.ts';
import { exactReader } from './exactInts.ts';
import { jsonLengthAt, jsonNumberAt, preparePath } from './jsonScan.ts';
import type { ArithmeticOperand, NumberOperand } from './plan.ts';

/**
 * Numbers of rows [from, from + count) as doubles at index 0 of a block; NaN where a JSON document has none. The block
 * may be written to by who reads it, except a view of a column: see `owned`.
 */
export interface NumberReader {
  read(from: number, count: number, mask: Uint8Array | undefined): Float64Array;
  /** The block is scratch. */
  readonly owned: boolean;
}

/** Set when an integer of a block was not exact as a double: the block is done again with BigInt, row by row. */
export interface Exactness {
  inexact: boolean;
}

export const SAFE = Number.MAX_SAFE_INTEGER;

export function numberReader(operand: NumberOperand, binding: Binding, exactness: Exactness): NumberReader {
  switch (operand.op) {
    case 'column':
    case 'element':
      return valueReader(operand, binding, exactness);
    case 'constant': {
      const block = binding.scratch.doubles();
      const value = Number(operand.value);
      const exact = typeof operand.value === 'number' || Math.abs(value) <= SAFE;
      return {
        owned: true,
        read: (_from, count) => {
          if (!exact) exactness.inexact = true;
          return block.fill(value, 0, count);
        },
      };
    }
    case 'length': {
      const { offsets } = arrayColumn(binding.source, operand.fieldId);
      const block = binding.scratch.doubles();
      return {
        owned: true,
        read: (from, count) => {
          for (let i = 0; i < count; i++) block[i] = offsets[from + i + 1]! - offsets[from + i]!;
          return block;
        },
      };
    }
    case 'arithmetic':
      return arithmeticReader(operand, binding, exactness);
    default:
      return jsonReader(operand, binding);
  }
}

function valueReader(
  operand: NumberOperand & { op: 'column' | 'element' },
  binding: Binding,
  exactness: Exactness,
): NumberReader {
  const reader = fixedReader(operand, binding);
  if (reader.width === 'double') return { owned: false, read: (from, count) => reader.read(from, count) };
  const block = binding.scratch.doubles();
  if (reader.width === 'int32') {
    return {
      owned: true,
      read: (from, count) => {
        const values = reader.read(from, count);
        for (let i = 0; i < count; i++) block[i] = values[i]!;
        return block;
      },
    };
  }
  return {
    owned: true,
    read: (from, count) => {
      if (!widen(halvesOf(reader.read(from, count)), count, block)) exactness.inexact = true;
      return block;
    },
  };
}

/** int64 to double; false if a value lies beyond ±(2^53 - 1). */
function widen(halves: Int32Array, count: number, block: Float64Array): boolean {
  let exact = true;
  for (let i = 0; i < count; i++) {
    const value = halves[2 * i + 1]! * 4294967296 + (halves[2 * i]! >>> 0);
    if (value > SAFE || value < -SAFE) exact = false;
    block[i] = value;
  }
  return exact;
}

function jsonReader(operand: NumberOperand & { op: 'json' | 'jsonLength' }, binding: Binding): NumberReader {
  const { bytes, offsets } = bytesColumn(binding.source, operand.fieldId);
  const path = preparePath(operand.path);
  const numberAt = operand.op === 'json' ? jsonNumberAt : jsonLengthAt;
  const block = binding.scratch.doubles();
  return {
    owned: true,
    read: (from, count, mask) => {
      for (let i = 0; i < count; i++) {
        const wanted = mask === undefined || ((mask[i >> 3]! >> (i & 7)) & 1) === 1;
        block[i] = wanted ? numberAt(bytes, offsets[from + i]!, offsets[from + i + 1]!, path) : Number.NaN;
      }
      return block;
    },
  };
}

/** For who calculates in doubles: what integer arithmetic is inside is exact before it becomes a double. */
export function doubleReader(operand: NumberOperand, binding: Binding): NumberReader {
  const exactness: Exactness = { inexact: false };
  const reader = numberReader(operand, binding, exactness);
  if (operand.op !== 'arithmetic' || operand.kind !== 'int') return reader;
  const exact = exactReader(operand, binding);
  return {
    owned: true,
    read: (from, count, mask) => {
      exactness.inexact = false;
      const block = reader.read(from, count, mask);
      if (exactness.inexact) for (let i = 0; i < count; i++) block[i] = Number(exact(from + i));
      return block;
    },
  };
}

function arithmeticReader(operand: ArithmeticOperand, binding: Binding, exactness: Exactness): NumberReader {
  const side = (part: NumberOperand): NumberReader =>
    operand.kind === 'int' ? numberReader(part, binding, exactness) : doubleReader(part, binding);
  const left = side(operand.left);
  const right = side(operand.right);
  const into = left.owned ? undefined : binding.scratch.doubles();
  const { operator, kind } = operand;
  return {
    owned: true,
    read: (from, count, mask) => {
      const a = left.read(from, count, mask);
      const b = right.read(from, count, mask);
      const block = into ?? a;
      calculate(operator, kind, a, b, count, block);
      if (kind === 'int' && !allSafe(block, count)) exactness.inexact = true;
      return block;
    },
  };
}

function allSafe(block: Float64Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (!(block[i]! <= SAFE && block[i]! >= -SAFE)) return false;
  return true;
}
