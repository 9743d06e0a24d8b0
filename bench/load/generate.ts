import { Connection, type PreparedCall, prepareCall } from './connection.ts';
import type { LoadPlan, LoadResult } from './plan.ts';
import { replyProblem } from './replyStatus.ts';

/** Runs a plan on this thread: a closed loop of `inFlight` calls over the connections. */
export async function generate(plan: LoadPlan): Promise<LoadResult> {
  const opening = Array.from({ length: plan.connections }, () => Connection.open(plan.address));
  const connections = await Promise.all(opening);
  const calls = plan.calls.map((call) => prepareCall(call, plan.address));
  try {
    const warmedUp = await warmUp(connections, calls, plan);
    const result = await new Loop(connections, calls, plan).run();
    return { ...result, warmedUp };
  } finally {
    for (const connection of connections) connection.close();
  }
}

const WARM_UP_MS_MAX = 2_000;

/** Resolves with the number of calls. */
async function warmUp(
  connections: readonly Connection[],
  calls: readonly PreparedCall[],
  { warmUp: count = 0, inFlight }: LoadPlan,
): Promise<number> {
  if (count === 0) return 0;
  const plan = { inFlight, count, durationMs: WARM_UP_MS_MAX };
  const { done, firstProblem } = await new Loop(connections, calls, plan).run();
  if (firstProblem !== undefined) throw new Error(`warming up: ${firstProblem}`);
  return done;
}

type LoopPlan = Pick<
  LoadPlan,
  'inFlight' | 'count' | 'durationMs' | 'perSecondMax' | 'keepReplies' | 'stopAtProblem'
>;

class Loop {
  readonly #connections: readonly Connection[];
  readonly #calls: readonly PreparedCall[];
  readonly #plan: LoopPlan;
  readonly #finished = Promise.withResolvers<void>();
  readonly #replies: (Uint8Array | undefined)[] = [];
  #latenciesMs = new Float64Array(4096);
  #sent = 0;
  #done = 0;
  #problems = 0;
  #firstProblem: string | undefined;
  #beganMs = 0;
  #endedMs = 0;

  constructor(connections: readonly Connection[], calls: readonly PreparedCall[], plan: LoopPlan) {
    this.#connections = connections;
    this.#calls = calls;
    this.#plan = plan;
  }

  async run(): Promise<Omit<LoadResult, 'warmedUp'>> {
    const cpuBefore = process.cpuUsage();
    this.#beganMs = performance.now();
    for (let lane = 0; lane < this.#plan.inFlight; lane++) this.#next(lane);
    await this.#finished.promise;
    const cpu = process.cpuUsage(cpuBefore);
    return {
      done: this.#done,
      tookMs: this.#endedMs - this.#beganMs,
      latenciesMs: this.#latenciesMs.slice(0, this.#sent),
      clientCpuMs: (cpu.user + cpu.system) / 1000,
      problems: this.#problems,
      firstProblem: this.#firstProblem,
      replies: this.#replies,
    };
  }

  #isOver(nowMs: number): boolean {
    const { count, durationMs, stopAtProblem } = this.#plan;
    if (this.#problems > 0 && stopAtProblem !== false) return true;
    return this.#sent >= (count ?? Infinity) || nowMs - this.#beganMs >= (durationMs ?? Infinity);
  }

  /** Sends the lane's next call, at once or when its turn has come, or ends the run with the last lane. */
  #next(lane: number): void {
    const nowMs = performance.now();
    if (this.#isOver(nowMs)) {
      if (this.#done === this.#sent) {
        this.#endedMs = nowMs;
        this.#finished.resolve();
      }
      return;
    }
    const { perSecondMax } = this.#plan;
    if (perSecondMax !== undefined) {
      const waitMs = this.#beganMs + (this.#sent * 1000) / perSecondMax - nowMs;
      if (waitMs > 0) {
        setTimeout(() => this.#next(lane), Math.max(1, waitMs));
        return;
      }
    }
    this.#send(lane, nowMs);
  }

  #send(lane: number, beganMs: number): void {
    const number = this.#sent++;
    if (number === this.#latenciesMs.length) {
      const larger = new Float64Array(number * 2);
      larger.set(this.#latenciesMs);
      this.#latenciesMs = larger;
    }
    const connection = this.#connections[lane % this.#connections.length]!;
    connection.send(this.#calls[number % this.#calls.length]!, (reply, problem) => {
      this.#latenciesMs[number] = performance.now() - beganMs;
      this.#done++;
      const wrong = problem ?? replyProblem(reply!);
      if (wrong !== undefined) {
        this.#problems++;
        this.#firstProblem ??= wrong;
      }
      if (this.#plan.keepReplies === true && number < this.#calls.length)
        this.#replies[number] = wrong === undefined ? Uint8Array.from(reply!) : undefined;
      this.#next(lane);
    });
  }
}
