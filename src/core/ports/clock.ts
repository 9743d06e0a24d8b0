/** Time, so that a simulation can own it. Core reads no other clock. */
export interface Clock {
  /** Wall time in milliseconds since the epoch; may jump. */
  nowMs(): number;
  /** Milliseconds on a clock that never goes back; for durations only. */
  monotonicMs(): number;
  /** Resolves after `delayMs` (≥ 0); rejects with Closed when `signal` fires first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
