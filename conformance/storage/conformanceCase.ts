/** One check of a kit. `run` rejects when the adapter breaks the contract; it opens and removes what it needs. */
export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}

export interface FailedCase {
  readonly name: string;
  readonly error: unknown;
}

export interface ConformanceResult {
  readonly declared: number;
  readonly ran: number;
  readonly failures: readonly FailedCase[];
}

export interface RunOptions {
  /** Ends at the first case that fails. Default: false. */
  readonly stopAtFailure?: boolean;
  /** A case that takes longer has failed; what it still does is not waited for. Default: no limit. */
  readonly caseTimeoutMs?: number;
  /** Called after each case; `failure` is undefined when it passed. */
  readonly onCase?: (name: string, failure: FailedCase | undefined) => void;
}

/** Runs the cases of a kit one after the other. Throws when there are none. */
export async function runCases(
  cases: readonly ConformanceCase[],
  options: RunOptions = {},
): Promise<ConformanceResult> {
  if (cases.length === 0) throw new Error('the kit has no cases');
  const failures: FailedCase[] = [];
  let ran = 0;
  for (const { name, run } of cases) {
    ran++;
    const failure = await failureOf(name, run, options.caseTimeoutMs);
    options.onCase?.(name, failure);
    if (failure === undefined) continue;
    failures.push(failure);
    if (options.stopAtFailure) break;
  }
  return { declared: cases.length, ran, failures };
}

async function failureOf(
  name: string,
  run: () => Promise<void>,
  timeoutMs: number | undefined,
): Promise<FailedCase | undefined> {
  try {
    await (timeoutMs === undefined ? run() : withLimit(run(), timeoutMs));
    return undefined;
  } catch (error) {
    return { name, error };
  }
}

async function withLimit(running: Promise<void>, timeoutMs: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`the case did not end within ${timeoutMs} ms`)), timeoutMs);
  try {
    await Promise.race([running, promise]);
  } finally {
    clearTimeout(timer);
  }
}
