import type { S3Client } from '@aws-sdk/client-s3';
import { type RetryPolicy, retried } from '../../core/ports/objectRetries.ts';
import { timedOut } from './errors.ts';

/** Sends commands and may read the body of a reply; calls `progress` whenever something came. */
export type Call<Result> = (
  client: S3Client,
  options: { readonly abortSignal: AbortSignal },
  progress: () => void,
) => Promise<Result>;

/** A client with a time-out for every attempt. */
export class Calls {
  readonly policy: RetryPolicy;
  readonly #client: S3Client;
  readonly #timeoutMs: number;

  constructor(client: S3Client, policy: RetryPolicy, timeoutMs: number) {
    this.#client = client;
    this.policy = policy;
    this.#timeoutMs = timeoutMs;
  }

  /** One attempt, aborted when nothing comes for the time-out. */
  async once<Result>(call: Call<Result>): Promise<Result> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.#timeoutMs);
    try {
      return await call(this.#client, { abortSignal: controller.signal }, () => timer.refresh());
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

  close(): void {
    this.#client.destroy();
  }
}
