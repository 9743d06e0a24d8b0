import type { ServerUnaryCall } from '@grpc/grpc-js';

/** What a handler may know of its call beside the request. */
export interface CallContext {
  /** First value of a metadata key (lower case), or undefined. */
  metadata(key: string): string | undefined;
  /** Fires when the client has gone, cancelled, or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Wall time in ms when the client stops waiting; Infinity = never. */
  readonly deadlineMs: number;
  /** Address and port of the client. */
  readonly peer: string;
}

/** Costs nothing until something is asked. */
export class GrpcCallContext implements CallContext {
  readonly #call: ServerUnaryCall<unknown, unknown>;
  #abort: AbortController | undefined;

  constructor(call: ServerUnaryCall<unknown, unknown>) {
    this.#call = call;
  }

  metadata(key: string): string | undefined {
    return this.#call.metadata.get(key)[0]?.toString();
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      if (this.#call.cancelled) abort.abort();
      else this.#call.once('cancelled', () => abort.abort());
    }
    return this.#abort.signal;
  }

  get deadlineMs(): number {
    return Number(this.#call.getDeadline());
  }

  get peer(): string {
    return this.#call.getPeer();
  }
}
