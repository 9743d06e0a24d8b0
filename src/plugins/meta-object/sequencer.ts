import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaEvent } from '../../core/ports/metaStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { nothingHappened } from './errors.ts';
import type { Replica } from './replica.ts';
import type { Change, State } from './state.ts';

/** Bounds of one entry, so that a crowd does not make its first caller wait for all of it. */
const ENTRY_TXNS_MAX = 512;
const ENTRY_BYTES_MAX = 4 * 1024 * 1024;
/** Lost races after which a writer lets others go first. */
const EAGER_RACES = 3;
const PAUSE_MS_MAX = 200;

/** Decides on the latest state; changes it by `apply` only. May throw, having applied nothing. */
export type Decide<Result> = (state: State, apply: (change: Change) => void) => Result;

interface Pending {
  readonly bytes: number;
  readonly endMs: number;
  readonly decide: Decide<unknown>;
  readonly settled: PromiseWithResolvers<unknown>;
}

/** A group of writers that has been decided, and is answered when that is certain. */
interface Round {
  readonly baseRevision: bigint;
  readonly changes: readonly Change[];
  readonly events: readonly MetaEvent[];
  readonly answers: readonly (() => void)[];
  /** Of each writer: whether its changes are among `changes`. */
  readonly hasChanges: readonly boolean[];
}

/**
 * Runs the calls of this process one after another. Writers that gather while an entry is on its way share the next one;
 * readers share one look at the end of the log, which begins after they came.
 */
export class Sequencer {
  readonly #replica: Replica;
  readonly #deps: Pick<PluginDeps, 'clock' | 'random'>;
  readonly #onEntry: (events: readonly MetaEvent[]) => void;
  #readers: Pending[] = [];
  #writers: Pending[] = [];
  #running: Promise<void> | undefined;

  constructor(
    replica: Replica,
    deps: Pick<PluginDeps, 'clock' | 'random'>,
    onEntry: (events: readonly MetaEvent[]) => void,
  ) {
    this.#replica = replica;
    this.#deps = deps;
    this.#onEntry = onEntry;
  }

  /** Errors: Corrupt, Unavailable, Timeout. */
  read<Result>(endMs: number, read: (state: State) => Result): Promise<Result> {
    return this.#enqueue(this.#readers, { bytes: 0, endMs, decide: read });
  }

  /** `bytes`: about how many the changes take. Errors: those of `read`, of `decide`; Unknown, Exhausted. */
  write<Result>(endMs: number, bytes: number, decide: Decide<Result>): Promise<Result> {
    return this.#enqueue(this.#writers, { bytes, endMs, decide });
  }

  /** Resolves when nothing waits or is on its way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #enqueue<Result>(
    queue: Pending[],
    call: Omit<Pending, 'settled' | 'decide'> & { readonly decide: Decide<Result> },
  ): Promise<Result> {
    const settled = Promise.withResolvers<Result>();
    queue.push({ ...call, settled: settled as PromiseWithResolvers<unknown> });
    this.#running ??= this.#run();
    return settled.promise;
  }

  async #run(): Promise<void> {
    // Callers of one turn share an entry.
    await Promise.resolve();
    while (this.#readers.length + this.#writers.length > 0) {
      const readers = this.#readers.splice(0);
      const writers = this.#takeWriters();
      const isLatest = writers.length > 0 && (await this.#commit(writers));
      if (readers.length > 0) await this.#answer(readers, isLatest);
    }
    this.#running = undefined;
  }

  async #answer(readers: readonly Pending[], isLatest: boolean): Promise<void> {
    try {
      if (!isLatest) await this.#replica.catchUp(endOf(readers));
      for (const reader of readers) decide(reader, this.#replica.state, refuse)();
    } catch (caught) {
      const error = nothingHappened(ElanusError.from(caught));
      for (const { settled } of readers) settled.reject(error);
    }
  }

  #takeWriters(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const writer of this.#writers) {
      bytes += writer.bytes;
      if (count > 0 && (bytes > ENTRY_BYTES_MAX || count === ENTRY_TXNS_MAX)) break;
      count++;
    }
    return this.#writers.splice(0, count);
  }

  /** Answers `group`, which it decides again until that was on the latest state. Whether it was. */
  async #commit(group: readonly Pending[]): Promise<boolean> {
    const endMs = endOf(group);
    let round: Round | undefined;
    try {
      for (let races = 0; ; races++) {
        this.#checkTime(endMs);
        round = this.#decideAll(group);
        if (await this.#isFinal(round, endMs)) break;
        if (races >= EAGER_RACES) await this.#deps.clock.sleep(PAUSE_MS_MAX * this.#deps.random.next());
        await this.#replica.catchUp(endMs);
      }
    } catch (caught) {
      const error = ElanusError.from(caught);
      for (const [i, { settled }] of group.entries())
        settled.reject(round?.hasChanges[i] ? error : nothingHappened(error));
      return false;
    }
    for (const answer of round.answers) answer();
    if (round.changes.length > 0) this.#onEntry(round.events);
    return true;
  }

  #decideAll(group: readonly Pending[]): Round {
    const { state } = this.#replica;
    const baseRevision = state.revision;
    const changes: Change[] = [];
    const events: MetaEvent[] = [];
    const apply = (change: Change): void => {
      changes.push(change);
      for (const event of state.apply(change)) events.push(event);
    };
    const answers: (() => void)[] = [];
    const hasChanges: boolean[] = [];
    for (const writer of group) {
      const before = changes.length;
      answers.push(decide(writer, state, apply));
      hasChanges.push(changes.length > before);
    }
    return { baseRevision, changes, events, answers, hasChanges };
  }

  /** Writes the changes, or finds out that the state without changes is the latest. */
  async #isFinal({ baseRevision, changes }: Round, endMs: number): Promise<boolean> {
    const { position } = this.#replica;
    if (changes.length > 0) {
      const putId = this.#deps.random.uuid();
      return this.#replica.append({ putId, baseRevision, changes }, endMs);
    }
    await this.#replica.catchUp(endMs);
    return this.#replica.position === position;
  }

  #checkTime(endMs: number): void {
    if (this.#deps.clock.monotonicMs() < endMs) return;
    throw new ElanusError('Timeout', 'catalogue: a txn had to wait for too long');
  }
}

function decide({ decide, settled }: Pending, state: State, apply: (change: Change) => void): () => void {
  try {
    const result = decide(state, apply);
    return () => settled.resolve(result);
  } catch (caught) {
    return () => settled.reject(ElanusError.from(caught));
  }
}

function endOf(calls: readonly Pending[]): number {
  return Math.max(...calls.map(({ endMs }) => endMs));
}

function refuse(): never {
  throw new ElanusError('Internal', 'a reader changes nothing');
}
