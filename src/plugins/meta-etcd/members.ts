import type { Etcd3 } from 'etcd3';
import { failureOf } from './errors.ts';

/** A member of the cluster that answered when it was last asked. */
export interface Member {
  readonly client: Etcd3;
  /** Fires when it is given up. */
  readonly failed: AbortSignal;
  giveUp(): void;
}

/** Chooses the member that all calls go to. */
export class Members {
  readonly #clients: readonly Etcd3[];
  readonly #probe: (client: Etcd3) => Promise<unknown>;
  #current: Promise<Member> | undefined;

  /** `probe` resolves when the member can work: it reaches the majority. */
  constructor(clients: readonly Etcd3[], probe: (client: Etcd3) => Promise<unknown>) {
    this.#clients = clients;
    this.#probe = probe;
  }

  /** The one in use; after it was given up, the first to answer. Rejects with what etcd3 threw. */
  find(): Promise<Member> {
    this.#current ??= this.#race();
    return this.#current;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  async #race(): Promise<Member> {
    try {
      const client = await Promise.any(
        this.#clients.map(async (one) => {
          await this.#probe(one);
          return one;
        }),
      );
      const failed = new AbortController();
      const giveUp = (): void => {
        if (!failed.signal.aborted) this.#current = undefined;
        failed.abort();
      };
      return { client, failed: failed.signal, giveUp };
    } catch (caught) {
      this.#current = undefined;
      throw mostTelling((caught as AggregateError).errors);
    }
  }
}

/** A refusal, such as a wrong password, says more than that another member does not answer. */
function mostTelling(errors: readonly unknown[]): unknown {
  return errors.find((caught) => !failureOf(caught, 'probe').retriable) ?? errors[0];
}
