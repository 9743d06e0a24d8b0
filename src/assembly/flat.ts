import { inverseNorm } from './exact';
import { inverseNormAddress, rowAddress } from './rows';

export { prepareQuery } from './exact';
export { scanTopK, scoreTopK } from './scan';

/** Writes 1 / |row| of rows [fromRow, toRow) behind their chunks. */
export function writeInverseNorms(
  table: usize,
  chunkRowsLog2: u32,
  strideBytes: usize,
  bytes: usize,
  fromRow: u32,
  toRow: u32,
): void {
  for (let row = fromRow; row < toRow; row++) {
    const norm = inverseNorm(rowAddress(table, chunkRowsLog2, strideBytes, row), bytes);
    store<f32>(inverseNormAddress(table, chunkRowsLog2, strideBytes, row), <f32>min<f64>(norm, 3.4028234663852886e38));
  }
}
