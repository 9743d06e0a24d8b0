import { assert } from '../domain/errors.ts';
import { bindArrayContains } from './arrayTests.ts';
import { type Binding, BLOCK_ROWS, type BlockTest, type ColumnSource, nullTest } from './blockTest.ts';
import { bindJsonCompare, bindJsonContains, bindJsonIn, bindJsonLike, bindJsonNull } from './jsonTests.ts';
import { bindCompareNumbers, bindIn, bindRange } from './numberTests.ts';
import type { FilterPlan, FilterTest } from './plan.ts';
import { Scratch } from './scratch.ts';
import { bindCompareTexts, bindLike, bindTextCompare, bindTextIn } from './textTests.ts';

export type { ColumnSource };

const scratch = new Scratch();

/**
 * Writes an LSB-first bitset of the rows [0, rows) for which `plan` is true to `out`: ceil(rows / 8) bytes, bits behind
 * the last row are 0. Column at a time in blocks of BLOCK_ROWS; columns and `out` may lie in shared memory. `source` is
 * asked for the columns of filterFieldIds(plan), which hold at least `rows` rows. Nothing is allocated a row.
 * Errors: Internal when a column is not of the kind its field has, or `out` is too short.
 */
export function evaluateFilter(plan: FilterPlan, source: ColumnSource, rows: number, out: Uint8Array): void {
  const bytes = (rows + 7) >> 3;
  assert(out.length >= bytes, `filter result of ${rows} rows needs ${bytes} bytes, got ${out.length}`);
  const test = bindPlan(plan, { source, scratch }, 0);
  for (let from = 0; from < rows; from += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows - from);
    test(from, count, out.subarray(from >> 3, (from + count + 7) >> 3), undefined);
  }
  if ((rows & 7) !== 0) out[bytes - 1] = out[bytes - 1]! & ((1 << (rows & 7)) - 1);
}

/** `level` numbers the nesting of logic nodes. */
function bindPlan(plan: FilterPlan, binding: Binding, level: number): BlockTest {
  switch (plan.op) {
    case 'constant': {
      const byte = plan.value ? 255 : 0;
      return (_from, count, bits) => {
        bits.fill(byte, 0, (count + 7) >> 3);
      };
    }
    case 'and':
      return allOf(bindItems(plan.items, binding, level), binding.scratch.bits(2 * level));
    case 'or': {
      const { scratch: memory } = binding;
      return anyOf(bindItems(plan.items, binding, level), memory.bits(2 * level), memory.bits(2 * level + 1));
    }
    default:
      binding.scratch.startTest();
      return bindTest(plan, binding);
  }
}

function bindItems(items: readonly FilterPlan[], binding: Binding, level: number): readonly BlockTest[] {
  return items.map((item) => bindPlan(item, binding, level + 1));
}

function bindTest(test: FilterTest, binding: Binding): BlockTest {
  switch (test.op) {
    case 'range':
      return bindRange(test, binding);
    case 'in':
      return bindIn(test, binding);
    case 'compareNumbers':
      return bindCompareNumbers(test, binding);
    case 'textCompare':
      return bindTextCompare(test, binding);
    case 'textIn':
      return bindTextIn(test, binding);
    case 'compareTexts':
      return bindCompareTexts(test, binding);
    case 'like':
      return bindLike(test, binding);
    case 'jsonCompare':
      return bindJsonCompare(test, binding);
    case 'jsonIn':
      return bindJsonIn(test, binding);
    case 'jsonLike':
      return bindJsonLike(test, binding);
    case 'jsonContains':
      return bindJsonContains(test, binding);
    case 'jsonNull':
      return bindJsonNull(test, binding);
    case 'arrayContains':
      return bindArrayContains(test, binding);
    case 'null':
      return nullTest(binding.source.column(test.fieldId).validity, test.negated);
  }
}

/** Later tests are asked only about the rows that passed so far. */
function allOf(tests: readonly BlockTest[], partial: Uint8Array): BlockTest {
  return (from, count, bits, mask) => {
    const bytes = (count + 7) >> 3;
    tests[0]!(from, count, bits, mask);
    if (mask !== undefined) for (let i = 0; i < bytes; i++) bits[i] = bits[i]! & mask[i]!;
    for (let t = 1; t < tests.length; t++) {
      if (isZero(bits, bytes)) return;
      tests[t]!(from, count, partial, bits);
      for (let i = 0; i < bytes; i++) bits[i] = bits[i]! & partial[i]!;
    }
  };
}

/** Later tests are asked only about the rows that did not pass yet. */
function anyOf(tests: readonly BlockTest[], partial: Uint8Array, open: Uint8Array): BlockTest {
  return (from, count, bits, mask) => {
    const bytes = (count + 7) >> 3;
    tests[0]!(from, count, bits, mask);
    for (let t = 1; t < tests.length; t++) {
      for (let i = 0; i < bytes; i++) open[i] = ~bits[i]! & (mask === undefined ? 255 : mask[i]!);
      if (isZero(open, bytes)) return;
      tests[t]!(from, count, partial, open);
      for (let i = 0; i < bytes; i++) bits[i] = bits[i]! | partial[i]!;
    }
  };
}

function isZero(bits: Uint8Array, bytes: number): boolean {
  for (let i = 0; i < bytes; i++) if (bits[i] !== 0) return false;
  return true;
}
