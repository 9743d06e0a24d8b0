// Rows in chunks, as ports/vectorIndex.ts lays them out: `table` is an array of u32 chunk offsets.

// @ts-ignore: decorator
@inline
export function chunkAddress(table: usize, chunk: u32): usize {
  return <usize>load<u32>(table + ((<usize>chunk) << 2));
}

// @ts-ignore: decorator
@inline
export function rowAddress(table: usize, chunkRowsLog2: u32, strideBytes: usize, row: u32): usize {
  const inChunk = row & ((1 << chunkRowsLog2) - 1);
  return chunkAddress(table, row >> chunkRowsLog2) + <usize>inChunk * strideBytes;
}

/** Address of 1 / |row|, which lies behind the rows of the chunk. */
// @ts-ignore: decorator
@inline
export function inverseNormAddress(table: usize, chunkRowsLog2: u32, strideBytes: usize, row: u32): usize {
  const inChunk = row & ((1 << chunkRowsLog2) - 1);
  return chunkAddress(table, row >> chunkRowsLog2) + (strideBytes << chunkRowsLog2) + ((<usize>inChunk) << 2);
}
