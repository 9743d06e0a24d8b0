import { ElanusError, type Logger, type MetaEvent } from 'elanus/plugin';
import { MetaWatch } from 'elanus/plugin/rules';
import type { Database } from './database.ts';
import { CHANNEL, REVISIONS_KEPT } from './schema.ts';

const PAGE = 1_000;
const READ = `
  SELECT s.revision AS current, c.revision, c.key, c.value FROM state s LEFT JOIN LATERAL (
    SELECT * FROM changes WHERE revision > $1 OR (revision = $1 AND key > $2) ORDER BY revision, key LIMIT ${PAGE}
  ) c ON true`;

interface Watcher {
  readonly watch: MetaWatch;
  /** Changes up to this revision are older than the watch. */
  readonly from: bigint;
}

interface ChangeRow {
  readonly current: string;
  /** Null when there is no change. */
  readonly revision: string | null;
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/** Hands changes to the watches of one store. A notice of the server wakes it, and the store now and then. */
export class ChangeFeed {
  readonly #database: Database;
  readonly #schema: string;
  readonly #logger: Logger;
  readonly #watchers = new Set<Watcher>();
  /** Handed on up to here: this key of this revision, or all of it. */
  #at: { readonly revision: bigint; readonly key: Uint8Array | null } = { revision: 0n, key: null };
  #isBehind = false;
  #reading: Promise<void> | undefined;
  #listening: Promise<(() => Promise<void>) | undefined> | undefined;

  constructor(database: Database, schema: string, logger: Logger) {
    this.#database = database;
    this.#schema = schema;
    this.#logger = logger;
  }

  /** Changes after `from`, the newest revision that the store has seen. */
  watch(prefix: string, signal: AbortSignal, from: bigint): MetaWatch {
    const watch: MetaWatch = new MetaWatch(prefix, signal, () => this.#watchers.delete(watcher));
    const watcher: Watcher = { watch, from };
    if (signal.aborted) return watch;
    if (this.#watchers.size === 0) this.#at = { revision: from, key: null };
    this.#watchers.add(watcher);
    this.wake();
    return watch;
  }

  /** Reads on, if anybody watches. */
  wake(): void {
    if (this.#watchers.size === 0) return;
    this.#listening ??= this.#listen();
    this.#isBehind = true;
    this.#reading ??= this.#readOn();
  }

  async close(): Promise<void> {
    const closed = new ElanusError('Closed', 'meta store is closed');
    for (const { watch } of [...this.#watchers]) watch.fail(closed);
    await this.#reading;
    await (await this.#listening)?.();
  }

  async #readOn(): Promise<void> {
    try {
      while (this.#isBehind && this.#watchers.size > 0) {
        this.#isBehind = false;
        await this.#readPage();
      }
    } catch (caught) {
      this.#logger.warn('changes cannot be read', { reason: ElanusError.from(caught).text });
    } finally {
      this.#reading = undefined;
    }
  }

  async #readPage(): Promise<void> {
    const at = this.#at;
    const rows = (await this.#database.read('watch', READ, [at.revision, at.key])) as unknown as ChangeRow[];
    if (this.#at !== at) {
      // Somebody began to watch anew meanwhile.
      this.#isBehind = true;
      return;
    }
    const current = BigInt(rows[0]!.current);
    if (current - at.revision > REVISIONS_KEPT) {
      this.#at = { revision: current, key: null };
      this.#push({ type: 'resync', revision: current });
      return;
    }
    const changes = rows.filter(({ revision }) => revision !== null);
    for (const { key, value, revision } of changes) this.#push(eventOf(key, value, BigInt(revision!)));
    const last = changes.at(-1);
    if (changes.length === PAGE) {
      this.#at = { revision: BigInt(last!.revision!), key: last!.key };
      this.#isBehind = true;
    } else if (last !== undefined) {
      this.#at = { revision: BigInt(last.revision!), key: null };
    }
  }

  #push(event: MetaEvent): void {
    for (const { watch, from } of this.#watchers) if (event.revision > from) watch.push(event);
  }

  /** Without it the store still wakes the feed, only later. */
  async #listen(): Promise<(() => Promise<void>) | undefined> {
    const onNotice = (schema: string): void => {
      if (schema === this.#schema) this.wake();
    };
    const onEnd = (): void => {
      this.#listening = undefined;
    };
    try {
      const stop = await this.#database.listen(CHANNEL, onNotice, onEnd);
      // What was changed before the server listened.
      this.wake();
      return stop;
    } catch (caught) {
      this.#logger.warn('notices of changes cannot be heard', { reason: ElanusError.from(caught).text });
      this.#listening = undefined;
      return undefined;
    }
  }
}

function eventOf(bytes: Uint8Array, value: Uint8Array | null, revision: bigint): MetaEvent {
  const key = new TextDecoder().decode(bytes);
  if (value === null) return { type: 'delete', key, revision };
  return { type: 'put', key, value: new Uint8Array(value), revision };
}
