import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

const CHANNEL = 'http.client.request.start';

/** Counts the HTTP PUTs of this process, retries included. */
export class PutCounter {
  count = 0;

  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    subscribe(CHANNEL, this.#onRequest);
    try {
      return await work();
    } finally {
      unsubscribe(CHANNEL, this.#onRequest);
    }
  }

  readonly #onRequest = (message: unknown): void => {
    if ((message as { readonly request: ClientRequest }).request.method === 'PUT') this.count++;
  };
}
