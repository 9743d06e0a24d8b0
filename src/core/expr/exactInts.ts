import { assert } from '../domain/errors.ts';
import { arrayColumn, type Binding, fixedColumn } from './blockTest.ts';
import type { ArithmeticOperator, NumberOperand } from './plan.ts';

/** One row of an integer operand, exactly; int64 overflow wraps as in Milvus. For blocks that doubles cannot carry. */
export type ExactReader = (row: number) => bigint;

export function exactReader(operand: NumberOperand, binding: Binding): ExactReader {
  switch (operand.op) {
    case 'column': {
      const { values } = fixedColumn(binding.source, operand.fieldId);
      return (row) => BigInt(values[row]!);
    }
    case 'element': {
      const { elements, offsets } = arrayColumn(binding.source, operand.fieldId);
      assert(elements.kind === 'fixed', 'elements of a number are fixed');
      const { values } = elements;
      return (row) => {
        const place = offsets[row]! + operand.index;
        return place < offsets[row + 1]! ? BigInt(values[place]!) : 0n;
      };
    }
    case 'length': {
      const { offsets } = arrayColumn(binding.source, operand.fieldId);
      return (row) => BigInt(offsets[row + 1]! - offsets[row]!);
    }
    case 'constant': {
      const value = BigInt(operand.value);
      return () => value;
    }
    case 'arithmetic': {
      const left = exactReader(operand.left, binding);
      const right = exactReader(operand.right, binding);
      return (row) => BigInt.asIntN(64, combine(operand.operator, left(row), right(row)));
    }
    default:
      assert(false, `operand ${operand.op} is no exact integer`);
  }
}

function combine(operator: ArithmeticOperator, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    default:
      return a ^ b;
  }
}
