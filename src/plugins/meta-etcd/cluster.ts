import type { Etcd3, IResponseHeader } from 'etcd3';
import { ElanusError } from '../../core/domain/errors.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { type Failure, failureOf, isOutOfSpace, unknownOutcome } from './errors.ts';
import { type Member, Members } from './members.ts';

interface Answer {
  readonly header: IResponseHeader;
}

/** The options are for the client; gRPC wants the end of an attempt in wall time. */
type Call<Result> = (client: Etcd3, options: { readonly deadline: number }) => Promise<Result>;

type Attempt<Result> = { readonly result: Result } | { readonly failure: Failure };

export interface ClusterSettings {
  readonly requestTimeoutMs: number;
  /** One that the user may read. */
  readonly probeKey: Buffer;
}

type ClusterDeps = Pick<PluginDeps, 'clock' | 'random'>;

const PROBE_MS_MAX = 1_500;
/** A read has time for as many members that do not answer. */
const READ_ATTEMPTS = 3;
const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 500;

/**
 * Calls with an end. They go to one member until it fails, and then to the first that answers a linearizable read, so that
 * none goes to a member that is gone or cut off from the majority while others are not.
 */
export class EtcdCluster {
  readonly #members: Members;
  readonly #settings: ClusterSettings;
  readonly #deps: ClusterDeps;
  readonly #closed = new AbortController();
  #seenRevision = 0n;

  /** Owns `clients`, one for each endpoint. */
  constructor(clients: readonly Etcd3[], settings: ClusterSettings, deps: ClusterDeps) {
    this.#settings = settings;
    this.#deps = deps;
    const probeMs = Math.min(PROBE_MS_MAX, settings.requestTimeoutMs / 2);
    this.#members = new Members(clients, (client) => this.#probe(client, this.#optionsFor(probeMs)));
  }

  /** The highest revision of all answers: the store is there or beyond. */
  get seenRevision(): bigint {
    return this.#seenRevision;
  }

  /** On the monotonic clock: when a call that begins now must be answered. */
  endMs(): number {
    return this.#deps.clock.monotonicMs() + this.#settings.requestTimeoutMs;
  }

  /** Rejects with what etcd3 threw, or Closed. */
  async member(): Promise<Member> {
    this.checkOpen();
    return this.#members.find();
  }

  /** For a call that changes nothing or may be done twice. Errors: Unavailable, Timeout and what etcd refuses. */
  repeat<Result extends Answer>(doing: string, call: Call<Result>, endMs = this.endMs()): Promise<Result> {
    const attemptMs = this.#settings.requestTimeoutMs / READ_ATTEMPTS;
    return this.#run((leftMs) => this.#attempt(doing, call, Math.min(leftMs, attemptMs)), endMs);
  }

  /** For a change: made again only when it certainly was not done. Errors: those of `repeat`, and Unknown. */
  once<Result extends Answer>(doing: string, call: Call<Result>, endMs: number): Promise<Result> {
    const before = this.#seenRevision;
    return this.#run(async (leftMs) => {
      const attempt = await this.#attempt(doing, call, leftMs);
      if ('result' in attempt || !attempt.failure.mayHaveHappened) return attempt;
      const { error } = attempt.failure;
      if (!isOutOfSpace(error) || !(await this.#isStillAt(before))) throw unknownOutcome(error);
      return attempt;
    }, endMs);
  }

  /** Learns the revision of an answer. */
  note({ header }: Answer): void {
    const revision = BigInt(header.revision);
    if (revision > this.#seenRevision) this.#seenRevision = revision;
  }

  /** Errors: Closed. */
  checkOpen(): void {
    if (this.#closed.signal.aborted) throw new ElanusError('Closed', 'meta store is closed');
  }

  close(): void {
    this.#closed.abort();
    this.#members.close();
  }

  async #run<Result>(attempt: (leftMs: number) => Promise<Attempt<Result>>, endMs: number): Promise<Result> {
    const { clock, random } = this.#deps;
    let error = new ElanusError('Timeout', 'etcd: a call had to wait for too long');
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(PAUSE_MS_MAX, 2 * pauseMs)) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) throw error;
      const made = await attempt(leftMs);
      if ('result' in made) return made.result;
      ({ error } = made.failure);
      if (!made.failure.retriable) throw error;
      await clock.sleep(pauseMs * (0.5 + random.next() / 2), this.#closed.signal);
    }
  }

  async #attempt<Result extends Answer>(
    doing: string,
    call: Call<Result>,
    timeoutMs: number,
  ): Promise<Attempt<Result>> {
    let member: Member;
    try {
      member = await this.member();
    } catch (caught) {
      return { failure: { ...failureOf(caught, doing), mayHaveHappened: false } };
    }
    try {
      const result = await call(member.client, this.#optionsFor(timeoutMs));
      this.note(result);
      return { result };
    } catch (caught) {
      const failure = failureOf(caught, doing);
      if (failure.retriable) member.giveUp();
      return { failure };
    }
  }

  /** Whether it is certain that no key has changed: etcd may say that it is full after it has done a change. */
  async #isStillAt(revision: bigint): Promise<boolean> {
    const read = this.repeat('read', (client, options) => this.#probe(client, options));
    return read.then(
      ({ header }) => BigInt(header.revision) === revision,
      () => false,
    );
  }

  async #probe(client: Etcd3, options: { readonly deadline: number }): Promise<Answer> {
    const answer = await client.kv.range({ key: this.#settings.probeKey, keys_only: true }, options);
    this.note(answer);
    return answer;
  }

  #optionsFor(timeoutMs: number): { readonly deadline: number } {
    return { deadline: this.#deps.clock.nowMs() + timeoutMs };
  }
}
