import { type BlockReader, fixedReader, halvesOf } from './blockReaders.ts';
import { type Binding, type BlockTest, finished, rowByRow } from './blockTest.ts';
import { exactReader } from './exactInts.ts';
import { doubleReader, type Exactness, type NumberReader, numberReader } from './numberReader.ts';
import { operandFacts } from './operandFacts.ts';
import type {
  CompareNumbersTest,
  CompareOperator,
  InTest,
  NumberKind,
  NumberOperand,
  RangeTest,
} from './plan.ts';
import { prepared } from './prepared.ts';
import { rangeDoubles, rangeInt32s, rangeInt64s } from './rangeLoops.ts';
import { DoubleSet, IntSet } from './valueSets.ts';

export function bindRange(test: RangeTest, binding: Binding): BlockTest {
  const { operand, low, high } = test;
  const finish = { ...operandFacts([operand], binding), flip: test.outside, negated: test.negated };
  if (operand.op !== 'column' && operand.op !== 'element') return finished(valueRange(test, binding), finish);
  return finished(readRange(fixedReader(operand, binding), low, high), finish);
}

const nothing: BlockTest = (_from, count, bits) => {
  bits.fill(0, 0, (count + 7) >> 3);
};

function readRange(reader: BlockReader, low: bigint | number, high: bigint | number): BlockTest {
  switch (reader.width) {
    case 'int32': {
      const least = Math.max(Number(low), -(2 ** 31));
      const span = Math.min(Number(high), 2 ** 31 - 1) - least;
      if (!(span >= 0)) return nothing;
      return (from, count, bits) => rangeInt32s(reader.read(from, count), count, least, span, bits);
    }
    case 'int64': {
      const least = BigInt(low);
      const most = BigInt(high);
      return (from, count, bits) => rangeInt64s(reader.read(from, count), count, least, most, bits);
    }
    default: {
      const least = Number(low);
      const most = Number(high);
      return (from, count, bits) => rangeDoubles(reader.read(from, count), count, least, most, bits);
    }
  }
}

/** Of something calculated. Beyond ±(2^53 - 1) the bounds may be rounded: no exact value lies there. */
function valueRange(test: RangeTest, binding: Binding): BlockTest {
  const { operand, low, high } = test;
  const least = Number(low);
  const most = Number(high);
  const exactness: Exactness = { inexact: false };
  const reader = numberReader(operand, binding, exactness);
  const approximate: BlockTest = (from, count, bits, mask) => {
    rangeDoubles(reader.read(from, count, mask), count, least, most, bits);
  };
  return exactWhereNeeded(test.kind, approximate, exactness, () => {
    const valueAt = exactReader(operand, binding);
    return (row) => {
      const value = valueAt(row);
      return value >= low && value <= high;
    };
  });
}

/** Runs `approximate`, and for a block of integers that doubles could not carry the exact test of each row. */
function exactWhereNeeded(
  kind: NumberKind,
  approximate: BlockTest,
  exactness: Exactness,
  exactTest: () => (row: number) => boolean,
): BlockTest {
  if (kind !== 'int') return approximate;
  let exact: BlockTest | undefined;
  return (from, count, bits, mask) => {
    exactness.inexact = false;
    approximate(from, count, bits, mask);
    if (!exactness.inexact) return;
    exact ??= rowByRow(exactTest());
    exact(from, count, bits, mask);
  };
}

export function bindIn(test: InTest, binding: Binding): BlockTest {
  const { operand, values, negated } = test;
  const finish = { ...operandFacts([operand], binding), negated };
  if (values instanceof BigInt64Array) {
    const set = prepared(test, () => new IntSet(values));
    return finished(intsIn(operand, set, values, binding), finish);
  }
  const set = prepared(test, () => new DoubleSet(values));
  const reader = doubleReader(operand, binding);
  return finished((from, count, bits, mask) => set.test(reader.read(from, count, mask), count, bits), finish);
}

function intsIn(operand: NumberOperand, set: IntSet, values: BigInt64Array, binding: Binding): BlockTest {
  if (operand.op === 'column' || operand.op === 'element') {
    const reader = fixedReader(operand, binding);
    if (reader.width === 'int64') {
      return (from, count, bits) => set.testHalves(halvesOf(reader.read(from, count)), count, bits);
    }
    if (reader.width === 'int32') {
      return (from, count, bits) => set.testInt32s(reader.read(from, count), count, bits);
    }
  }
  const doubles = new DoubleSet(Float64Array.from(values, Number));
  const exactness: Exactness = { inexact: false };
  const reader = numberReader(operand, binding, exactness);
  const approximate: BlockTest = (from, count, bits, mask) => {
    doubles.test(reader.read(from, count, mask), count, bits);
  };
  return exactWhereNeeded('int', approximate, exactness, () => {
    const valueAt = exactReader(operand, binding);
    const exactValues = new Set(values);
    return (row) => exactValues.has(valueAt(row));
  });
}

export function bindCompareNumbers(test: CompareNumbersTest, binding: Binding): BlockTest {
  const swapped = test.operator === '>' || test.operator === '>=';
  const left = swapped ? test.right : test.left;
  const right = swapped ? test.left : test.right;
  const finish = {
    ...operandFacts([left, right], binding),
    flip: test.operator === '!=',
    negated: test.negated,
  };
  const loop = COMPARE_LOOPS[test.operator];
  const exactness: Exactness = { inexact: false };
  const reader = (side: NumberOperand): NumberReader =>
    test.kind === 'int' ? numberReader(side, binding, exactness) : doubleReader(side, binding);
  const leftReader = reader(left);
  const rightReader = reader(right);
  const approximate: BlockTest = (from, count, bits, mask) => {
    loop(leftReader.read(from, count, mask), rightReader.read(from, count, mask), count, bits);
  };
  const compared = exactWhereNeeded(test.kind, approximate, exactness, () => {
    const a = exactReader(left, binding);
    const b = exactReader(right, binding);
    return exactComparison(test.operator, a, b);
  });
  return finished(compared, finish);
}

function exactComparison(
  operator: CompareOperator,
  a: (row: number) => bigint,
  b: (row: number) => bigint,
): (row: number) => boolean {
  if (operator === '==' || operator === '!=') return (row) => a(row) === b(row);
  return operator === '<' || operator === '>' ? (row) => a(row) < b(row) : (row) => a(row) <= b(row);
}

type CompareLoop = (a: Float64Array, b: Float64Array, count: number, bits: Uint8Array) => void;

const equalLoop: CompareLoop = (a, b, count, bits) => {
  for (let i = 0; i < count; i += 8) {
    const rows = Math.min(8, count - i);
    let byte = 0;
    for (let k = 0; k < rows; k++) byte |= +(a[i + k]! === b[i + k]!) << k;
    bits[i >> 3] = byte;
  }
};

const lessLoop: CompareLoop = (a, b, count, bits) => {
  for (let i = 0; i < count; i += 8) {
    const rows = Math.min(8, count - i);
    let byte = 0;
    for (let k = 0; k < rows; k++) byte |= +(a[i + k]! < b[i + k]!) << k;
    bits[i >> 3] = byte;
  }
};

const lessEqualLoop: CompareLoop = (a, b, count, bits) => {
  for (let i = 0; i < count; i += 8) {
    const rows = Math.min(8, count - i);
    let byte = 0;
    for (let k = 0; k < rows; k++) byte |= +(a[i + k]! <= b[i + k]!) << k;
    bits[i >> 3] = byte;
  }
};

/** `>` and `>=` come with their sides swapped, `!=` is flipped afterwards. */
const COMPARE_LOOPS: Readonly<Record<CompareOperator, CompareLoop>> = {
  '==': equalLoop,
  '!=': equalLoop,
  '<': lessLoop,
  '>': lessLoop,
  '<=': lessEqualLoop,
  '>=': lessEqualLoop,
};
