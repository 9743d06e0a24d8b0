/**
 * A checker of linearizability (Wing and Gong, with the memory of Lowe): is there an order of the calls that respects real
 * time and in which every answer is right? Exponential at worst; histories of some 100 calls by some 8 callers are quick.
 */

/** One finished call. Times are ticks of one counter, taken before the call and after its answer. */
export interface HistoryCall<State> {
  readonly what: string;
  readonly calledAt: number;
  readonly answeredAt: number;
  /** The state after the call, or undefined when its answer is wrong in `state`. Must not change `state`. */
  apply(state: State): State | undefined;
}

/** Undefined when there is such an order; else the longest order that was found, for the report. */
export function findViolation<State>(
  calls: readonly HistoryCall<State>[],
  initial: State,
  keyOf: (state: State) => string,
): string[] | undefined {
  const seen = new Set<string>();
  const done = new Uint8Array(calls.length);
  const order: string[] = [];
  let longest: string[] = [];

  const search = (state: State): boolean => {
    if (order.length === calls.length) return true;
    const key = `${done.join('')}|${keyOf(state)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    if (order.length >= longest.length) longest = [...order];
    for (const at of candidates(calls, done)) {
      const next = calls[at]!.apply(state);
      if (next === undefined) continue;
      done[at] = 1;
      order.push(calls[at]!.what);
      if (search(next)) return true;
      order.pop();
      done[at] = 0;
    }
    return false;
  };
  return search(initial) ? undefined : longest;
}

/** Calls that may come next: those that began before every other open call was answered. */
function candidates<State>(calls: readonly HistoryCall<State>[], done: Uint8Array): number[] {
  let firstAnswer = Number.POSITIVE_INFINITY;
  for (let i = 0; i < calls.length; i++) {
    if (done[i] === 0) firstAnswer = Math.min(firstAnswer, calls[i]!.answeredAt);
  }
  const found: number[] = [];
  for (let i = 0; i < calls.length; i++) if (done[i] === 0 && calls[i]!.calledAt < firstAnswer) found.push(i);
  return found;
}
