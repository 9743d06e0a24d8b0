import type { BlobGetPropertiesOptions, ContainerClient } from '@azure/storage-blob';
import { type RetryPolicy, retried } from '../../core/ports/objectRetries.ts';
import { timedOut } from './errors.ts';

/** The client's type of an AbortSignal, which Node's own fits at run time only. */
type Signal = NonNullable<BlobGetPropertiesOptions['abortSignal']>;

/** Sends requests and may read the body of a reply; calls `progress` whenever something came. */
export type Call<Result> = (
  container: ContainerClient,
  options: { readonly abortSignal: Signal },
  progress: () => void,
) => Promise<Result>;

/** A client with a time-out for every attempt. */
export class Calls {
  readonly policy: RetryPolicy;
  readonly #container: ContainerClient;
  readonly #timeoutMs: number;

  constructor(container: ContainerClient, policy: RetryPolicy, timeoutMs: number) {
    this.#container = container;
    this.policy = policy;
    this.#timeoutMs = timeoutMs;
  }

  /** One attempt, aborted when nothing comes for the time-out. */
  async once<Result>(call: Call<Result>): Promise<Result> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.#timeoutMs);
    const abortSignal = controller.signal as unknown as Signal;
    try {
      return await call(this.#container, { abortSignal }, () => timer.refresh());
    } catch (caught) {
      throw controller.signal.aborted ? timedOut(this.#timeoutMs) : caught;
    } finally {
      clearTimeout(timer);
    }
  }

  /** For what may be done twice. */
  retried<Result>(call: Call<Result>): Promise<Result> {
    return retried(this.policy, () => this.once(call));
  }
}
