/** Metrics by number, as src/kernels/exactScan.ts passes them. */
export const METRIC_L2: i32 = 0;
export const METRIC_IP: i32 = 1;
export const METRIC_COSINE: i32 = 2;
