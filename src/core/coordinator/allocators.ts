import { invalid } from '../domain/errors.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import { composeTimestamp, physicalMs } from '../domain/timestamp.ts';
import type { Clock } from '../ports/clock.ts';
import type { CatalogStore } from './catalogStore.ts';
import { decodeJson, encodeJson } from './documentPages.ts';

/** A number in the meta store that only rises: everything below it may have been handed out. */
class PersistedBound {
  readonly #store: CatalogStore;
  readonly #key: string;
  #revision = 0n;
  #writing: Promise<void> = Promise.resolve();
  #bound = 0n;

  constructor(store: CatalogStore, key: string) {
    this.#store = store;
    this.#key = key;
  }

  get value(): bigint {
    return this.#bound;
  }

  async recover(): Promise<void> {
    const entry = await this.#store.read(this.#key);
    this.#revision = entry?.revision ?? 0n;
    this.#bound = entry === undefined ? 0n : BigInt(decodeJson(this.#key, entry.value) as string);
  }

  /** Makes the bound at least `least` durably; when it has to be raised, to `target()`. Calls share writes. */
  async raise(least: bigint, target: () => bigint): Promise<void> {
    while (this.#bound < least) {
      const write = this.#writing.then(() => this.#write(least, target));
      this.#writing = write.catch(() => undefined); // every caller gets its own error from `write`
      await write;
    }
  }

  async #write(least: bigint, target: () => bigint): Promise<void> {
    if (this.#bound >= least) return;
    const bound = target();
    try {
      this.#revision = await this.#store.write([
        { key: this.#key, expected: this.#revision, value: encodeJson(String(bound)) },
      ]);
    } catch (error) {
      if (this.#store.uncertain) await this.recover();
      throw error;
    }
    this.#bound = bound;
  }
}

/** How far the persisted bound runs ahead of the clock: after a restart timestamps may be that much early. */
const WINDOW_MS = 3_000n;
const TIMESTAMPS_MAX = 2 ** 18;

/** Timestamps that follow the wall clock and never go back, restarts included: one meta write each three seconds of use. */
export class TimestampAllocator {
  readonly #bound: PersistedBound;
  readonly #clock: Clock;
  #last: Timestamp = 0n;

  constructor(store: CatalogStore, key: string, clock: Clock) {
    this.#bound = new PersistedBound(store, key);
    this.#clock = clock;
  }

  async recover(): Promise<void> {
    await this.#bound.recover();
    const floor = composeTimestamp(Number(this.#bound.value));
    if (floor > this.#last) this.#last = floor;
  }

  async allocate(count: number): Promise<Timestamp> {
    checkCount(count, TIMESTAMPS_MAX);
    const now = composeTimestamp(this.#clock.nowMs());
    const first = now > this.#last ? now : this.#last + 1n;
    this.#last = first + BigInt(count - 1);
    const boundMs = BigInt(physicalMs(this.#last)) + 1n;
    if (boundMs > this.#bound.value) await this.#bound.raise(boundMs, () => this.#target());
    return first;
  }

  #target(): bigint {
    return BigInt(physicalMs(this.#last)) + 1n + WINDOW_MS;
  }
}

/** Consecutive ids from 1 on, never given twice, restarts included: one meta write each `block` ids. */
export class IdAllocator {
  readonly #bound: PersistedBound;
  readonly #block: bigint;
  readonly #countMax: number;
  #next = 1n;

  constructor(store: CatalogStore, key: string, block: bigint, countMax: number) {
    this.#bound = new PersistedBound(store, key);
    this.#block = block;
    this.#countMax = countMax;
  }

  async recover(): Promise<void> {
    await this.#bound.recover();
    if (this.#bound.value > this.#next) this.#next = this.#bound.value;
  }

  async allocate(count: number): Promise<bigint> {
    checkCount(count, this.#countMax);
    const first = this.#next;
    this.#next += BigInt(count);
    if (this.#next > this.#bound.value) await this.#bound.raise(this.#next, () => this.#next + this.#block);
    return first;
  }
}

function checkCount(count: number, countMax: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= countMax) return;
  throw invalid(`count must be an integer in 1..${countMax}`, { count });
}
