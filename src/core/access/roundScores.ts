/** `score` with `decimals` digits behind the point, halves upward; -1 = as it is. */
export function rounded(score: number, decimals: number): number {
  if (decimals < 0) return score;
  const scale = 10 ** decimals;
  return Math.floor(score * scale + 0.5) / scale;
}
