import type { Etcd3, ILeaseKeepAliveResponse } from 'etcd3';
import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaLease } from '../../core/ports/metaStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { EtcdCluster } from './cluster.ts';
import { failureOf, unknownOutcome } from './errors.ts';
import type { Member } from './members.ts';

type LeaseDeps = Pick<PluginDeps, 'clock' | 'logger'>;

/** Renewals in one ttl, as etcd's own client has it. */
const RENEWALS = 3;
const PAUSE_AFTER_FAILURE_MS = 200;

/** The leases that this process holds. */
export class EtcdLeases {
  readonly #cluster: EtcdCluster;
  readonly #deps: LeaseDeps;
  readonly #held = new Set<HeldLease>();

  constructor(cluster: EtcdCluster, deps: LeaseDeps) {
    this.#cluster = cluster;
    this.#deps = deps;
  }

  async grant(ttlMs: number): Promise<MetaLease> {
    let askedMs = 0;
    // A lease whose grant was not heard of has no keys, and ends by itself.
    const { ID } = await this.#cluster.repeat('lease', (client, options) => {
      askedMs = this.#deps.clock.monotonicMs();
      return client.leaseClient.leaseGrant({ TTL: Math.ceil(ttlMs / 1_000) }, options);
    });
    const lease: HeldLease = new HeldLease(this.#cluster, this.#deps, { leaseId: ID, ttlMs, askedMs }, () =>
      this.#held.delete(lease),
    );
    this.#held.add(lease);
    return lease;
  }

  /** Ends all of them. One that etcd cannot be told of ends with its ttl. */
  async close(): Promise<void> {
    const close = async (lease: HeldLease): Promise<void> => {
      try {
        await lease.release();
      } catch (caught) {
        const { text } = ElanusError.from(caught);
        this.#deps.logger.warn('a lease was not released and ends with its ttl', { reason: text });
      }
      lease.lose();
    };
    await Promise.all([...this.#held].map(close));
  }
}

class HeldLease implements MetaLease {
  readonly leaseId: string;
  readonly #ttlMs: number;
  readonly #cluster: EtcdCluster;
  readonly #deps: LeaseDeps;
  readonly #onEnd: () => void;
  readonly #lost = new AbortController();
  readonly #stopped = new AbortController();
  /** When the last renewal that succeeded was sent; etcd counts from a later moment. */
  #renewedMs: number;
  #isRevoked = false;

  constructor(
    cluster: EtcdCluster,
    deps: LeaseDeps,
    granted: { readonly leaseId: string; readonly ttlMs: number; readonly askedMs: number },
    onEnd: () => void,
  ) {
    this.#cluster = cluster;
    this.#deps = deps;
    this.leaseId = granted.leaseId;
    this.#ttlMs = granted.ttlMs;
    this.#renewedMs = granted.askedMs;
    this.#onEnd = onEnd;
    void this.#renewForEver();
    void this.#loseInTime();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** When it rejects, the lease still ends within its ttl, and may be released again. */
  async release(): Promise<void> {
    this.#cluster.checkOpen();
    this.#stopped.abort();
    if (this.#isRevoked) return;
    await this.#revoke();
    this.#isRevoked = true;
    this.#onEnd();
  }

  lose(): void {
    this.#stopped.abort();
    this.#onEnd();
    this.#lost.abort();
  }

  async #revoke(): Promise<void> {
    try {
      const request = { ID: this.leaseId };
      await this.#cluster.repeat('release of a lease', (client, options) =>
        client.leaseClient.leaseRevoke(request, options),
      );
    } catch (caught) {
      const error = ElanusError.from(caught);
      if (error.kind === 'NotFound') return;
      throw error.kind === 'Closed' ? error : unknownOutcome(error);
    }
  }

  async #renewForEver(): Promise<void> {
    const periodMs = this.#ttlMs / RENEWALS;
    for (let pauseMs = periodMs; await this.#sleep(pauseMs); ) {
      pauseMs = (await this.#renew(periodMs)) ? periodMs : PAUSE_AFTER_FAILURE_MS;
    }
  }

  /** Whether it succeeded. */
  async #renew(timeoutMs: number): Promise<boolean> {
    const { clock, logger } = this.#deps;
    const askedMs = clock.monotonicMs();
    let member: Member | undefined;
    try {
      member = await this.#cluster.member();
      const answer = await keepAlive(member.client, this.leaseId, clock.nowMs() + timeoutMs);
      this.#cluster.note(answer);
      if (answer.TTL === '0') this.lose();
      else this.#renewedMs = askedMs;
      return true;
    } catch (caught) {
      member?.giveUp();
      logger.warn('a lease could not be renewed', { reason: failureOf(caught, 'renewal').error.text });
      return false;
    }
  }

  /** By this process's own clock, whatever hangs: nobody else may find out earlier that the lease has ended. */
  async #loseInTime(): Promise<void> {
    for (;;) {
      const leftMs = this.#renewedMs + this.#ttlMs - this.#deps.clock.monotonicMs();
      if (leftMs <= 0) return this.lose();
      if (!(await this.#sleep(leftMs))) return;
    }
  }

  /** Whether the lease is still held after it. */
  #sleep(delayMs: number): Promise<boolean> {
    const { signal } = this.#stopped;
    return this.#deps.clock.sleep(delayMs, signal).then(
      () => !signal.aborted,
      () => false,
    );
  }
}

/** One renewal. An answer with TTL 0 says that the lease has ended. */
async function keepAlive(client: Etcd3, leaseId: string, deadline: number): Promise<ILeaseKeepAliveResponse> {
  const stream = await client.leaseClient.leaseKeepAlive({ deadline });
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('end', () => reject(new Error('the stream ended without an answer')));
    stream.on('data', (answer) => {
      resolve(answer);
      stream.end();
    });
    stream.write({ ID: leaseId });
  });
}
