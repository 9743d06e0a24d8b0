/** What a closed loop did. */
export interface Slice {
  /** From the first call to the last answer. */
  readonly tookMs: number;
  /** Of every call, ascending. */
  readonly latenciesMs: Float64Array;
  readonly bytes: number;
}

/** A client that never answers must not hold up the bench. */
const STALL_MS_MAX = 120_000;

/**
 * Keeps `inFlight` calls under way for `durationMs`, then waits for the last ones. `step` makes one call for a slot
 * (0..inFlight-1) and resolves with the bytes it moved. Rejects as `step` does, and when no call is answered for 2 minutes.
 */
export async function closedLoop(
  inFlight: number,
  durationMs: number,
  step: (slot: number) => Promise<number>,
): Promise<Slice> {
  const latenciesMs: number[] = [];
  let bytes = 0;
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`no call was answered for ${STALL_MS_MAX} ms`)),
    STALL_MS_MAX,
  );
  const beganMs = performance.now();
  const worker = async (slot: number): Promise<void> => {
    let nowMs = performance.now();
    while (nowMs - beganMs < durationMs) {
      const moved = await step(slot);
      bytes += moved;
      timer.refresh();
      const afterMs = performance.now();
      latenciesMs.push(afterMs - nowMs);
      nowMs = afterMs;
    }
  };
  try {
    await Promise.race([stalled, Promise.all(Array.from({ length: inFlight }, (_, slot) => worker(slot)))]);
  } finally {
    clearTimeout(timer);
  }
  const tookMs = performance.now() - beganMs;
  return { tookMs, latenciesMs: Float64Array.from(latenciesMs).sort(), bytes };
}
