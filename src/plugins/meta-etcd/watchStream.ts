import type { IEvent, IWatchRequest, IWatchResponse } from 'etcd3';
import type { ElanusError } from '../../core/domain/errors.ts';
import type { MetaEvent } from '../../core/ports/metaStore.ts';
import type { MetaWatch } from '../../core/ports/metaWatchers.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { EtcdCluster } from './cluster.ts';
import { failureOf } from './errors.ts';
import type { KeyRange, Keys } from './keys.ts';
import type { Member } from './members.ts';

export interface WatchPlan {
  readonly keys: Keys;
  readonly range: KeyRange;
  /** Of the first change that is of interest. */
  readonly fromRevision: bigint;
  /** Gets the events, and an error when watching is not allowed. */
  readonly sink: MetaWatch;
  /** Ends it all. */
  readonly signal: AbortSignal;
}

/** A server that does not confirm a watch for as long is given up. */
const CREATE_MS_MAX = 3_000;
const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 1_000;

/**
 * One watch, which goes on where it was when its connection or member is lost. Built on etcd's stream and not on etcd3's
 * watcher, which comes back only after pauses of many seconds, waits for ever with a wrong password, and ends for good
 * when its next revision was compacted.
 */
export class WatchStream {
  readonly #cluster: EtcdCluster;
  readonly #deps: Pick<PluginDeps, 'clock' | 'logger'>;
  readonly #plan: WatchPlan;
  /** Of the first change that is still to come. */
  #nextRevision: bigint;
  #pauseMs = PAUSE_MS_MIN;

  constructor(cluster: EtcdCluster, deps: Pick<PluginDeps, 'clock' | 'logger'>, plan: WatchPlan) {
    this.#cluster = cluster;
    this.#deps = deps;
    this.#plan = plan;
    this.#nextRevision = plan.fromRevision;
  }

  /** Resolves when the signal has fired or the watch was refused. */
  async run(): Promise<void> {
    const { signal, sink } = this.#plan;
    while (!signal.aborted) {
      const refusal = await this.#follow();
      if (refusal !== undefined) return sink.fail(refusal);
    }
  }

  /** Reads one stream to its end. Resolves with an error when another one would be refused too. */
  async #follow(): Promise<ElanusError | undefined> {
    const { signal } = this.#plan;
    let member: Member | undefined;
    try {
      member = await this.#cluster.member();
      await this.#read(member);
      return undefined;
    } catch (caught) {
      const { error, retriable } = failureOf(caught, 'watch');
      if (!retriable) return error;
      member?.giveUp();
      this.#deps.logger.info('a watch lost its server and goes on', { reason: error.text });
    }
    await this.#deps.clock.sleep(this.#pauseMs, signal).catch(() => undefined);
    this.#pauseMs = Math.min(PAUSE_MS_MAX, 2 * this.#pauseMs);
    return undefined;
  }

  /** Resolves when a new stream is to be opened at once, or none any more. */
  async #read({ client, failed }: Member): Promise<void> {
    const stream = await client.watchClient.watch();
    const done = Promise.withResolvers<void>();
    const confirmed = new AbortController();
    const quit = AbortSignal.any([this.#plan.signal, failed]);
    quit.addEventListener('abort', () => done.resolve());
    stream.on('error', done.reject);
    stream.on('end', () => done.reject(new Error('the stream ended')));
    stream.on('data', (answer) => {
      if (answer.canceled) this.#cancelled(answer, done);
      else if (!answer.created) this.#take(answer);
      else {
        confirmed.abort();
        this.#pauseMs = PAUSE_MS_MIN;
      }
    });
    void this.#deps.clock.sleep(CREATE_MS_MAX, confirmed.signal).then(
      () => done.reject(new Error(`the watch was not confirmed in ${CREATE_MS_MAX} ms`)),
      () => undefined,
    );
    try {
      if (!quit.aborted) stream.write(this.#request());
      else done.resolve();
      await done.promise;
    } finally {
      confirmed.abort();
      stream.cancel();
    }
  }

  #request(): IWatchRequest {
    const create_request = {
      ...this.#plan.range,
      start_revision: String(this.#nextRevision),
      // Keeps the revision to resume at above compactions while nothing happens below the prefix.
      progress_notify: true,
      // Otherwise what was missed may come as one message of any size.
      fragment: true,
    };
    return { create_request };
  }

  #take({ events, header, fragment }: IWatchResponse): void {
    for (const event of events) this.#plan.sink.push(this.#event(event));
    const last = events.at(-1);
    const revision = BigInt(last === undefined ? header.revision : last.kv.mod_revision);
    // Of a revision that comes in parts, all is asked for again when the connection is lost between them.
    const next = fragment ? revision : revision + 1n;
    if (next > this.#nextRevision) this.#nextRevision = next;
  }

  /** etcd gives no reason when the revision was compacted, only the first one that it still has. */
  #cancelled({ compact_revision, cancel_reason }: IWatchResponse, done: PromiseWithResolvers<void>): void {
    const firstKept = BigInt(compact_revision);
    if (firstKept === 0n) {
      done.reject(new Error(cancel_reason));
      return;
    }
    const afterSeen = this.#cluster.seenRevision + 1n;
    this.#nextRevision = firstKept > afterSeen ? firstKept : afterSeen;
    this.#plan.sink.push({ type: 'resync', revision: this.#nextRevision - 1n });
    done.resolve();
  }

  #event({ type, kv }: IEvent): MetaEvent {
    const { key, value, revision } = this.#plan.keys.entry(kv);
    return type.toUpperCase() === 'PUT'
      ? { type: 'put', key, value, revision }
      : { type: 'delete', key, revision };
  }
}
