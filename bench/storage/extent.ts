/** How long a storage bench measures. */
export interface Extent {
  readonly rounds: number;
  /** Of one side in one round. */
  readonly smallSliceMs: number;
  /** With large payloads, of which fewer fit. */
  readonly largeSliceMs: number;
  /** Of the tail that is recovered. */
  readonly tailBytes: number;
}

export const FULL: Extent = { rounds: 5, smallSliceMs: 2_000, largeSliceMs: 3_000, tailBytes: 1e9 };
export const QUICK: Extent = { rounds: 2, smallSliceMs: 500, largeSliceMs: 1_000, tailBytes: 1e8 };
