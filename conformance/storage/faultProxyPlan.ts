import { seededNumbers } from './checks.ts';

/** Statuses with the code S3 gives them when `code` names no other. */
const CODES = {
  409: 'ConditionalRequestConflict',
  412: 'PreconditionFailed',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'SlowDown',
} as const;

export type AnswerStatus = keyof typeof CODES;

/**
 * What happens to one request, or to one connection:
 * - `refuse`: the next new connection is reset before a byte is read;
 * - `cutBefore`: the request never reaches the server, the connection is cut;
 * - `cutRequest`: half of it (HTTP/1.1: half of its body) reaches the server, both sides are cut;
 * - `lostReply`: the server answers it, the connection is cut instead of passing that on;
 * - `cutReply`: half of the answer (HTTP/1.1: half of its body) is passed on, then the connection is cut;
 * - `duplicate`: HTTP/1.1 only: it is sent twice, one after the other, and the second answer is passed on;
 * - `delayMs`, `delayReplyMs`: it, or its answer, is held back for so long; a request then arrives though its client gave up;
 * - `blackHoleMs`: from this request on nothing passes on any connection, either way, for so long; then all goes on;
 * - `answer`: HTTP/1.1 only: the proxy answers with that status itself, the server sees nothing;
 * - `answerAfter`: HTTP/1.1 only: the server answers it, the client gets that status instead.
 */
export type Fault =
  | 'refuse'
  | 'cutBefore'
  | 'cutRequest'
  | 'lostReply'
  | 'cutReply'
  | 'duplicate'
  | { readonly delayMs: number }
  | { readonly delayReplyMs: number }
  | { readonly blackHoleMs: number }
  | { readonly answer: AnswerStatus; readonly code?: string }
  | { readonly answerAfter: AnswerStatus; readonly code?: string };

interface Settings {
  readonly delayMs?: number;
  readonly delayReplyMs?: number;
  readonly blackHoleMs?: number;
  readonly answer?: AnswerStatus;
  readonly answerAfter?: AnswerStatus;
  readonly code?: string;
}

/** A request on its way to the server. */
export interface Call {
  /** HTTP/1.1: its method; kafka: the API key, as `0`; pulsar: the type of the command, as `6`; else ``. */
  readonly method: string;
  /** HTTP/1.1: path and query, as sent; else ``. */
  readonly path: string;
  /** HTTP/1.1: the body; else the whole message. */
  readonly bytes: Uint8Array;
}

/** Which requests a fault hits: those that all the given ones fit. */
export interface Selection {
  readonly method?: string;
  readonly path?: RegExp;
  /** Occurs in the bytes of the request. */
  readonly includes?: string | Uint8Array;
}

/** Faults by chance: each selected request, and each connection for `refuse`, meets one of `faults` with that chance. */
export interface RandomFaults extends Selection {
  readonly faults: readonly Fault[];
  /** Of 1. */
  readonly chance: number;
}

/** A fault that happened. */
export interface Injected {
  readonly fault: Fault;
  readonly method: string;
  readonly path: string;
}

interface Waiting {
  readonly fault: Fault;
  readonly select: Selection;
  readonly resolve: (injected: Injected) => void;
}

const CONNECTION: Call = { method: '', path: '', bytes: new Uint8Array() };

/** Decides which fault a request meets. The same seed and the same order of requests give the same faults. */
export class FaultPlan {
  readonly random: () => number;
  readonly #injected: Injected[] = [];
  readonly #waiting: Waiting[] = [];
  #byChance: RandomFaults | undefined;

  constructor(seed: number) {
    this.random = seededNumbers(seed);
  }

  /** All faults so far, oldest first. */
  get injected(): readonly Injected[] {
    return this.#injected;
  }

  next(fault: Fault, select: Selection): Promise<Injected> {
    return new Promise((resolve) => this.#waiting.push({ fault, select, resolve }));
  }

  byChance(faults: RandomFaults | undefined): void {
    this.#byChance = faults;
  }

  /** Forgets what waits and what comes by chance. */
  clear(): void {
    this.#waiting.length = 0;
    this.#byChance = undefined;
  }

  isRefused(): boolean {
    return this.#pick(CONNECTION, (fault) => fault === 'refuse') !== undefined;
  }

  faultFor(call: Call): Fault | undefined {
    return this.#pick(call, (fault) => fault !== 'refuse');
  }

  #pick(call: Call, fits: (fault: Fault) => boolean): Fault | undefined {
    const index = this.#waiting.findIndex(({ fault, select }) => fits(fault) && isSelected(call, select));
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    const fault = waiting?.fault ?? this.#drawn(call, fits);
    if (fault === undefined) return undefined;
    const injected = { fault, method: call.method, path: call.path };
    this.#injected.push(injected);
    waiting?.resolve(injected);
    return fault;
  }

  #drawn(call: Call, fits: (fault: Fault) => boolean): Fault | undefined {
    const faults = this.#byChance?.faults.filter(fits) ?? [];
    if (faults.length === 0 || (call !== CONNECTION && !isSelected(call, this.#byChance!))) return undefined;
    return this.random() < this.#byChance!.chance
      ? faults[Math.floor(this.random() * faults.length)]
      : undefined;
  }
}

export function settingsOf(fault: Fault | undefined): Settings {
  return typeof fault === 'object' ? fault : {};
}

export function isOfHttp(fault: Fault): boolean {
  const { answer, answerAfter } = settingsOf(fault);
  return fault === 'duplicate' || answer !== undefined || answerAfter !== undefined;
}

/** The name of the error that an answer with `status` carries. */
export function codeOf(status: AnswerStatus, code: string | undefined): string {
  return code ?? CODES[status];
}

function isSelected(call: Call, { method, path, includes }: Selection): boolean {
  return (
    (method === undefined || method === call.method) &&
    (path === undefined || path.test(call.path)) &&
    (includes === undefined || Buffer.from(call.bytes).includes(Buffer.from(includes as Uint8Array)))
  );
}
