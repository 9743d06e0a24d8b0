import type { ArrayColumn, FixedArray } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import { arrayColumn, type Binding, fixedColumn } from './blockTest.ts';
import type { ColumnOperand, ElementOperand } from './plan.ts';
import type { Scratch } from './scratch.ts';

/**
 * Reads fixed-width values of rows [from, from + count) to index 0 of an array of one of three types, so that loops
 * never see more: a view where the column has that type, else a block of scratch.
 */
export type BlockReader =
  | { readonly width: 'int32'; read(from: number, count: number): Int32Array }
  | { readonly width: 'int64'; read(from: number, count: number): BigInt64Array }
  | { readonly width: 'double'; read(from: number, count: number): Float64Array };

export function fixedReader(operand: ColumnOperand | ElementOperand, binding: Binding): BlockReader {
  const { source, scratch } = binding;
  if (operand.op === 'column') return columnReader(fixedColumn(source, operand.fieldId).values, scratch);
  return elementReader(arrayColumn(source, operand.fieldId), operand.index, scratch);
}

function columnReader(values: FixedArray, scratch: Scratch): BlockReader {
  if (values instanceof BigInt64Array) {
    return { width: 'int64', read: (from, count) => values.subarray(from, from + count) };
  }
  if (values instanceof Float64Array) {
    return { width: 'double', read: (from, count) => values.subarray(from, from + count) };
  }
  if (values instanceof Int32Array) {
    return { width: 'int32', read: (from, count) => values.subarray(from, from + count) };
  }
  if (values instanceof Float32Array) {
    const block = scratch.doubles();
    return { width: 'double', read: (from, count) => copied(block, values.subarray(from, from + count)) };
  }
  const block = scratch.ints();
  return { width: 'int32', read: (from, count) => copied(block, values.subarray(from, from + count)) };
}

/** `set` between types is a native loop: 0.1 to 0.3 ns a row. */
function copied<Block extends Int32Array | Float64Array>(block: Block, values: ArrayLike<number>): Block {
  block.set(values);
  return block;
}

/** Rows without the element read as 0. */
function elementReader(column: ArrayColumn, index: number, scratch: Scratch): BlockReader {
  const { elements, offsets } = column;
  assert(elements.kind === 'fixed', 'elements of a number are fixed');
  const { values } = elements;
  if (values instanceof BigInt64Array) {
    const block = scratch.int64s();
    const halves = halvesOf(values);
    const blockHalves = halvesOf(block);
    return {
      width: 'int64',
      read: (from, count) => {
        gatherHalves(halves, offsets, index, from, count, blockHalves);
        return block;
      },
    };
  }
  if (values instanceof Float64Array || values instanceof Float32Array) {
    const block = scratch.doubles();
    return { width: 'double', read: (from, count) => gather(values, offsets, index, from, count, block) };
  }
  const block = scratch.ints();
  return { width: 'int32', read: (from, count) => gather(values, offsets, index, from, count, block) };
}

/** The same memory as pairs (low, high) of int32. */
export function halvesOf(values: BigInt64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}

function gather<Block extends Int32Array | Float64Array>(
  values: Exclude<FixedArray, BigInt64Array>,
  offsets: Uint32Array,
  index: number,
  from: number,
  count: number,
  block: Block,
): Block {
  for (let i = 0; i < count; i++) {
    const place = offsets[from + i]! + index;
    block[i] = place < offsets[from + i + 1]! ? values[place]! : 0;
  }
  return block;
}

function gatherHalves(
  halves: Int32Array,
  offsets: Uint32Array,
  index: number,
  from: number,
  count: number,
  block: Int32Array,
): void {
  for (let i = 0; i < count; i++) {
    const place = offsets[from + i]! + index;
    const present = place < offsets[from + i + 1]!;
    block[2 * i] = present ? halves[2 * place]! : 0;
    block[2 * i + 1] = present ? halves[2 * place + 1]! : 0;
  }
}
