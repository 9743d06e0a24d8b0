import type { BytesColumn } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import { arrayColumn, type Binding, type BlockTest, bytesColumn, finished } from './blockTest.ts';
import { operandFacts } from './operandFacts.ts';
import { patternMatcher } from './patternMatcher.ts';
import type { CompareTextsTest, LikeTest, TextCompareTest, TextInTest, TextOperand } from './plan.ts';
import { prepared } from './prepared.ts';
import { ACCEPTED_SIGNS, compareBytes } from './textBytes.ts';
import { TextSet } from './valueSets.ts';

/** Where the texts of rows [from, from + count) lie in `bytes`: [starts[i], ends[i]). Absent elements are empty. */
interface TextReader {
  readonly bytes: Uint8Array;
  starts: Uint32Array;
  ends: Uint32Array;
  read(from: number, count: number): void;
}

function textReader(operand: TextOperand, binding: Binding): TextReader {
  if (operand.op === 'column') {
    const { bytes, offsets } = bytesColumn(binding.source, operand.fieldId);
    return {
      bytes,
      starts: offsets,
      ends: offsets,
      read(from, count) {
        this.starts = offsets.subarray(from, from + count);
        this.ends = offsets.subarray(from + 1, from + count + 1);
      },
    };
  }
  const column = arrayColumn(binding.source, operand.fieldId);
  const { elements, offsets } = column;
  assert(elements.kind === 'bytes', 'elements of a text are bytes');
  return elementReader(elements, offsets, operand.index, binding);
}

function elementReader(
  elements: BytesColumn,
  offsets: Uint32Array,
  index: number,
  binding: Binding,
): TextReader {
  const starts = binding.scratch.uints();
  const ends = binding.scratch.uints();
  return {
    bytes: elements.bytes,
    starts,
    ends,
    read(from, count) {
      for (let i = 0; i < count; i++) {
        const place = offsets[from + i]! + index;
        const present = place < offsets[from + i + 1]!;
        starts[i] = present ? elements.offsets[place]! : 0;
        ends[i] = present ? elements.offsets[place + 1]! : 0;
      }
    },
  };
}

type SpanMatch = (bytes: Uint8Array, start: number, end: number) => boolean;

function spanTest(operand: TextOperand, binding: Binding, matches: SpanMatch): BlockTest {
  const reader = textReader(operand, binding);
  return (from, count, bits, mask) => {
    reader.read(from, count);
    const { bytes, starts, ends } = reader;
    for (let i = 0; i < count; i += 8) {
      const wanted = mask === undefined ? 255 : mask[i >> 3]!;
      const rows = Math.min(8, count - i);
      let byte = 0;
      if (wanted !== 0) {
        for (let k = 0; k < rows; k++) {
          if (((wanted >> k) & 1) === 1 && matches(bytes, starts[i + k]!, ends[i + k]!)) byte |= 1 << k;
        }
      }
      bits[i >> 3] = byte;
    }
  };
}

export function bindTextCompare(test: TextCompareTest, binding: Binding): BlockTest {
  const value = prepared(test, () => new TextEncoder().encode(test.value));
  const flip = test.operator === '!=';
  const matches =
    flip || test.operator === '==' ? equalTo(value) : orderedTo(value, ACCEPTED_SIGNS[test.operator]);
  const finish = { ...operandFacts([test.operand], binding), flip, negated: test.negated };
  return finished(spanTest(test.operand, binding, matches), finish);
}

function equalTo(value: Uint8Array): SpanMatch {
  const { length } = value;
  return (bytes, start, end) => {
    if (end - start !== length) return false;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== value[i]) return false;
    return true;
  };
}

function orderedTo(value: Uint8Array, accepted: number): SpanMatch {
  return (bytes, start, end) =>
    ((accepted >> (compareBytes(bytes, start, end, value, 0, value.length) + 1)) & 1) === 1;
}

export function bindTextIn(test: TextInTest, binding: Binding): BlockTest {
  const set = prepared(test, () => new TextSet(test.values));
  const matches: SpanMatch = (bytes, start, end) => set.find(bytes, start, end) >= 0;
  const finish = { ...operandFacts([test.operand], binding), negated: test.negated };
  return finished(spanTest(test.operand, binding, matches), finish);
}

export function bindLike(test: LikeTest, binding: Binding): BlockTest {
  const matcher = prepared(test, () => patternMatcher(test.syntax, test.pattern));
  const matches: SpanMatch = (bytes, start, end) => matcher.matches(bytes, start, end);
  const finish = { ...operandFacts([test.operand], binding), negated: test.negated };
  return finished(spanTest(test.operand, binding, matches), finish);
}

export function bindCompareTexts(test: CompareTextsTest, binding: Binding): BlockTest {
  const left = textReader(test.left, binding);
  const right = textReader(test.right, binding);
  const accepted = ACCEPTED_SIGNS[test.operator];
  const compare: BlockTest = (from, count, bits) => {
    left.read(from, count);
    right.read(from, count);
    bits.fill(0, 0, (count + 7) >> 3);
    for (let i = 0; i < count; i++) {
      const sign = compareBytes(
        left.bytes,
        left.starts[i]!,
        left.ends[i]!,
        right.bytes,
        right.starts[i]!,
        right.ends[i]!,
      );
      bits[i >> 3] = bits[i >> 3]! | (((accepted >> (sign + 1)) & 1) << (i & 7));
    }
  };
  return finished(compare, { ...operandFacts([test.left, test.right], binding), negated: test.negated });
}
