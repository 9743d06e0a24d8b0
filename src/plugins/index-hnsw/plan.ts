/** Rows that a walk with ef 1 compares when all are allowed, about. Measured at 40,000 × 384, M 16. */
const WALK_ROWS = 18;
/** A row scored exactly costs as much as so many compared by their codes. */
const SCAN_ROW_COST = 1.6;
/** A filter that allows the share p makes the walk p^−0.75 times as long. */
const FILTER_EXPONENT = 0.75;

/**
 * Whether scoring the `allowedCount` (≥ 1) of `rows` exactly costs less than walking the graph with `ef`. With ef 64 that is so
 * below 720 rows, and of 40,000 rows when about a tenth or less is allowed.
 */
export function scanIsCheaper(rows: number, allowedCount: number, ef: number): boolean {
  const walkedRows = WALK_ROWS * ef * (rows / allowedCount) ** FILTER_EXPONENT;
  return allowedCount * SCAN_ROW_COST <= walkedRows;
}
