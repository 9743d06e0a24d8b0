import { arrayColumn, type Binding, type Finish } from './blockTest.ts';
import type { NumberOperand } from './plan.ts';

/** Nulls and array elements that a test on these operands depends on. */
export function operandFacts(
  operands: readonly NumberOperand[],
  binding: Binding,
): Required<Pick<Finish, 'validities' | 'elements'>> {
  const validities: (Uint8Array | undefined)[] = [];
  const elements: { readonly offsets: Uint32Array; readonly index: number }[] = [];
  const visit = (operand: NumberOperand): void => {
    if (operand.op === 'constant') return;
    if (operand.op === 'arithmetic') {
      visit(operand.left);
      visit(operand.right);
      return;
    }
    validities.push(binding.source.column(operand.fieldId).validity);
    if (operand.op !== 'element') return;
    const { offsets } = arrayColumn(binding.source, operand.fieldId);
    elements.push({ offsets, index: operand.index });
  };
  for (const operand of operands) visit(operand);
  return { validities, elements };
}
