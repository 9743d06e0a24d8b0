import { type FilterPlan, type FilterTest, MATCH_ALL, MATCH_NONE, type RangeTest } from './plan.ts';

/** Rows that pass all of `items` (all rows, if there are none): flattened, ranges of a column merged, cheap tests first. */
export function andOf(items: readonly FilterPlan[]): FilterPlan {
  const flat = flatten('and', items);
  if (flat === undefined) return MATCH_NONE;
  return logic('and', byCost(mergeRanges(flat)), MATCH_ALL);
}

/** Rows that pass any of `items` (none, if there are none): flattened, equalities of a column merged into one list. */
export function orOf(items: readonly FilterPlan[]): FilterPlan {
  const flat = flatten('or', items);
  if (flat === undefined) return MATCH_ALL;
  return logic('or', byCost(mergeEqualities(flat)), MATCH_NONE);
}

function logic(op: 'and' | 'or', items: readonly FilterPlan[], empty: FilterPlan): FilterPlan {
  return items.length > 1 ? { op, items } : (items[0] ?? empty);
}

/** undefined when a constant decides alone. */
function flatten(op: 'and' | 'or', items: readonly FilterPlan[]): FilterPlan[] | undefined {
  const flat: FilterPlan[] = [];
  for (const item of items) {
    if (item.op === op) for (const inner of item.items) flat.push(inner);
    else if (item.op !== 'constant') flat.push(item);
    else if (item.value !== (op === 'and')) return undefined;
  }
  return flat;
}

const COST: Readonly<Record<FilterPlan['op'], number>> = {
  constant: 0,
  null: 0,
  range: 1,
  in: 2,
  compareNumbers: 3,
  textCompare: 4,
  compareTexts: 5,
  textIn: 5,
  like: 6,
  arrayContains: 7,
  and: 8,
  or: 8,
  jsonNull: 9,
  jsonCompare: 9,
  jsonIn: 9,
  jsonLike: 9,
  jsonContains: 10,
};

function byCost(items: readonly FilterPlan[]): FilterPlan[] {
  return items.toSorted((a, b) => COST[a.op] - COST[b.op]);
}

/** `a > 5 and a < 100` becomes one range. */
function mergeRanges(items: readonly FilterPlan[]): FilterPlan[] {
  const merged: FilterPlan[] = [];
  const placeOf = new Map<number, number>();
  for (const item of items) {
    if (!isPlainRange(item)) {
      merged.push(item);
      continue;
    }
    const place = placeOf.get(item.operand.fieldId);
    if (place === undefined) {
      placeOf.set(item.operand.fieldId, merged.length);
      merged.push(item);
    } else {
      merged[place] = intersect(merged[place] as RangeTest, item);
    }
  }
  return merged;
}

type PlainRange = RangeTest & { readonly operand: { readonly op: 'column' } };

function isPlainRange(plan: FilterPlan): plan is PlainRange {
  return plan.op === 'range' && plan.operand.op === 'column' && !plan.outside && !plan.negated;
}

function intersect(a: RangeTest, b: RangeTest): RangeTest {
  const low = b.low > a.low || Number.isNaN(b.low) ? b.low : a.low;
  const high = b.high < a.high || Number.isNaN(b.high) ? b.high : a.high;
  if (low <= high) return { ...a, low, high };
  return a.kind === 'int' ? { ...a, low: 1n, high: 0n } : { ...a, low: 1, high: 0 };
}

/** `a == 1 or a == 2 or a in [3, 4]` becomes `a in [1, 2, 3, 4]`; so does text. Others stay as they are. */
function mergeEqualities(items: readonly FilterPlan[]): FilterPlan[] {
  const merged: FilterPlan[] = [];
  const groups = new Map<number, { readonly place: number; readonly tests: FilterTest[] }>();
  for (const item of items) {
    const fieldId = equalityField(item);
    const group = fieldId === undefined ? undefined : groups.get(fieldId);
    if (group !== undefined) {
      group.tests.push(item as FilterTest);
      continue;
    }
    if (fieldId !== undefined) groups.set(fieldId, { place: merged.length, tests: [item as FilterTest] });
    merged.push(item);
  }
  for (const { place, tests } of groups.values()) {
    if (tests.length > 1) merged[place] = unionOf(tests);
  }
  return merged;
}

/** The field of a test that is a list of wanted integers or texts. */
function equalityField(plan: FilterPlan): number | undefined {
  switch (plan.op) {
    case 'range':
      return isPlainRange(plan) && plan.kind === 'int' && plan.low === plan.high
        ? plan.operand.fieldId
        : undefined;
    case 'textCompare':
      return plan.operand.op === 'column' && !plan.negated && plan.operator === '=='
        ? plan.operand.fieldId
        : undefined;
    case 'in':
    case 'textIn':
      if (plan.operand.op !== 'column' || plan.negated || plan.values instanceof Float64Array)
        return undefined;
      return plan.operand.fieldId;
    default:
      return undefined;
  }
}

function unionOf(tests: readonly FilterTest[]): FilterPlan {
  const ints: bigint[] = [];
  const texts: string[] = [];
  for (const test of tests) {
    if (test.op === 'range') ints.push(test.low as bigint);
    else if (test.op === 'in') for (const value of test.values as BigInt64Array) ints.push(value);
    else if (test.op === 'textCompare') texts.push(test.value as string);
    else if (test.op === 'textIn') for (const value of test.values) texts.push(value);
  }
  const first = tests[0]!;
  if (first.op === 'range' || first.op === 'in') {
    return { op: 'in', operand: first.operand, values: sortedInts(ints), negated: false };
  }
  if (first.op !== 'textCompare' && first.op !== 'textIn') return first;
  return { op: 'textIn', operand: first.operand, values: [...new Set(texts)], negated: false };
}

/** Sorted, without duplicates. */
export function sortedInts(values: readonly bigint[]): BigInt64Array {
  const sorted = BigInt64Array.from(values).sort();
  let length = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[length++] = sorted[i]!;
  }
  return sorted.slice(0, length);
}

export function sortedDoubles(values: readonly number[]): Float64Array {
  return Float64Array.from(new Set(values)).sort();
}
