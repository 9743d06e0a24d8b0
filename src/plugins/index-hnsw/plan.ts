/** Up to here every allowed row is scored exactly: codes would save a few microseconds, and rows alike in their codes are told apart. */
const EXACT_ROWS_MAX = 700;
/** A walk with ef 1 costs as much as so many rows compared by their codes when all are allowed. Measured at 40,000 × 384, M 16. */
const WALK_ROWS = 50;
/** A filter that allows the share p makes the walk p^−0.75 times as long. */
const FILTER_EXPONENT = 0.75;

/**
 * How to find the best among the `allowedCount` (≥ 1) of `rows` with `ef`: score them all, compare all their codes and score
 * the best of those, or walk the graph. With ef 64 and 40,000 rows a walk is the cheapest when about a quarter or more is allowed.
 */
export function cheapestWay(rows: number, allowedCount: number, ef: number): 'exact' | 'codes' | 'walk' {
  if (allowedCount <= EXACT_ROWS_MAX) return 'exact';
  const walkedRows = WALK_ROWS * ef * (rows / allowedCount) ** FILTER_EXPONENT;
  return allowedCount <= walkedRows ? 'codes' : 'walk';
}
