import type { FilterPlan } from '../expr/plan.ts';
import type { SegmentReader } from '../segment/layout.ts';

/** For fewer rows a filter is evaluated as fast as it is looked up. */
const ROWS_MIN = 4_096;
const RESULTS_A_SEGMENT_MAX = 4;

/** Numbers of the plans that were used before. Of one thread: it alone numbers, others only compare. */
const numbers = new WeakMap<FilterPlan, number>();
let plansSeen = 0;

/**
 * A number that only this plan has, from its second use on: the access role keeps plans by their text, so that the same filter is
 * the same object, and one that comes once is not worth remembering.
 */
export function numberOf(plan: FilterPlan | undefined): number | undefined {
  if (plan === undefined) return undefined;
  const number = numbers.get(plan);
  if (number === undefined) numbers.set(plan, ++plansSeen);
  return number;
}

interface FilterResult {
  readonly filterNumber: number;
  readonly rows: number;
  /** Of all rows that pass, hidden or not. */
  readonly bits: Uint8Array;
}

/** What filters came to, by this thread's reader of a segment; the latest last. Rows never change, so it stays true. */
const results = new WeakMap<SegmentReader, FilterResult[]>();

/** Writes the result of the filter over the first `rows` rows to `into`. False when it is not known. */
export function recall(
  reader: SegmentReader,
  filterNumber: number | undefined,
  rows: number,
  into: Uint8Array,
): boolean {
  if (filterNumber === undefined) return false;
  const known = results.get(reader);
  const found = known?.find((result) => result.filterNumber === filterNumber && result.rows === rows);
  if (found === undefined) return false;
  known!.splice(known!.indexOf(found), 1);
  known!.push(found);
  into.set(found.bits);
  return true;
}

/** Copies `bits`, the result of the filter over the first `rows` rows. */
export function remember(
  reader: SegmentReader,
  filterNumber: number | undefined,
  rows: number,
  bits: Uint8Array,
): void {
  if (filterNumber === undefined || rows < ROWS_MIN) return;
  const known = results.get(reader) ?? [];
  results.set(reader, known);
  const older = known.findIndex((result) => result.filterNumber === filterNumber);
  if (older >= 0) known.splice(older, 1);
  else if (known.length === RESULTS_A_SEGMENT_MAX) known.shift();
  known.push({ filterNumber, rows, bits: new Uint8Array(bits) });
}
