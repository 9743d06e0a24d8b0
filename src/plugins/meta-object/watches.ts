import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaEvent } from '../../core/ports/metaStore.ts';
import { MetaWatch } from '../../core/ports/metaWatchers.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { closedError, isPassing } from './errors.ts';

/** The watches of this process. While there are any, what other processes wrote is looked for again and again. */
export class Watches {
  readonly #deps: Pick<PluginDeps, 'clock' | 'logger'>;
  readonly #intervalMs: number;
  readonly #catchUp: () => Promise<void>;
  readonly #watches = new Set<MetaWatch>();
  #polling = new AbortController();

  constructor(deps: Pick<PluginDeps, 'clock' | 'logger'>, intervalMs: number, catchUp: () => Promise<void>) {
    this.#deps = deps;
    this.#intervalMs = intervalMs;
    this.#catchUp = catchUp;
  }

  add(prefix: string, signal: AbortSignal): MetaWatch {
    const watch: MetaWatch = new MetaWatch(prefix, signal, () => this.#remove(watch));
    if (signal.aborted) return watch;
    this.#watches.add(watch);
    if (this.#watches.size === 1) void this.#poll();
    return watch;
  }

  publish(events: readonly MetaEvent[]): void {
    for (const watch of this.#watches) for (const event of events) watch.push(event);
  }

  /** Every watcher reads what it still has, then gets Closed. */
  close(): void {
    for (const watch of [...this.#watches]) watch.fail(closedError());
  }

  #remove(watch: MetaWatch): void {
    this.#watches.delete(watch);
    if (this.#watches.size === 0) this.#polling.abort();
  }

  async #poll(): Promise<void> {
    this.#polling = new AbortController();
    const { signal } = this.#polling;
    while (!signal.aborted) {
      try {
        await this.#deps.clock.sleep(this.#intervalMs, signal);
        await this.#catchUp();
      } catch (caught) {
        if (signal.aborted) return;
        this.#failed(ElanusError.from(caught));
      }
    }
  }

  #failed(error: ElanusError): void {
    this.#deps.logger.warn('a watch could not look for changes', { reason: error.text });
    if (!isPassing(error)) for (const watch of [...this.#watches]) watch.fail(error);
  }
}
