import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { ObjectStore, ObjectVersion } from '../../../../src/core/ports/objectStore.ts';
import { ManualClock } from '../../../../src/plugins/memory/manualClock.ts';
import { MemoryObjectState, MemoryObjectStore } from '../../../../src/plugins/memory/memoryObjectStore.ts';

/** What a store charges for an object besides its bytes. */
const OBJECT_OVERHEAD_BYTES = 128;
const TURNS_MAX = 8;
/** Of a call that others overtake, one in ten. */
const SLOW_TURNS_MAX = 300;
const LATE_STEPS_MAX = 60;
/** Of the calls over a flaky network. */
const FAULT_SHARE = 0.25;

/** A process that uses the store; one that died gets no more answers. */
interface Client {
  readonly boot: number;
  isCutOffFrom: string | undefined;
}

interface Call<T> {
  readonly client: Client;
  readonly name: string;
  readonly key: string;
  readonly isWrite: boolean;
  /** Takes effect in the turn it is called. */
  apply(): Promise<T>;
}

/** An object store with a network before it: calls take turns, overtake each other, get lost, and arrive late. */
export class SimulatedStore {
  steps = 0;
  isFlaky = false;
  /** Every call takes equally long, so that none overtakes another. */
  isEven = false;
  readonly puts: string[] = [];
  readonly #random: () => number;
  readonly #state = new MemoryObjectState();
  readonly #store = new MemoryObjectStore({ clock: new ManualClock() }, this.#state);
  #boot = 0;
  #stopAt = Number.POSITIVE_INFINITY;
  #isStopped = false;
  #putsUntilFailure = Number.POSITIVE_INFINITY;
  #spaceBytes = Number.POSITIVE_INFINITY;
  #late: { dueStep: number; apply: () => Promise<unknown> }[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  client(): ObjectStore {
    const client: Client = { boot: this.#boot, isCutOffFrom: undefined };
    const read = <T>(name: string, key: string, apply: () => Promise<T>) =>
      this.#call({ client, name, key, isWrite: false, apply });
    const write = (
      name: string,
      key: string,
      bytes: Uint8Array,
      put: (copy: Uint8Array) => Promise<ObjectVersion>,
    ) => {
      this.puts.push(key);
      const copy = bytes.slice();
      return this.#call({ client, name, key, isWrite: true, apply: () => this.#charged(key, copy, put) });
    };
    const store = this.#store;
    return {
      put: (key, bytes) => write('put', key, bytes, (copy) => store.put(key, copy)),
      putIfAbsent: (key, bytes) => write('putIfAbsent', key, bytes, (copy) => store.putIfAbsent(key, copy)),
      putIfMatch: (key, bytes, version) =>
        write('putIfMatch', key, bytes, (copy) => store.putIfMatch(key, copy, version)),
      get: (key) => read('get', key, () => store.get(key)),
      getRange: (key, offset, length, into) =>
        read('getRange', key, () => store.getRange(key, offset, length, into)),
      head: (key) => read('head', key, () => store.head(key)),
      list: (prefix, options) => read('list', prefix, () => store.list(prefix, options)),
      delete: (key) =>
        this.#call({ client, name: 'delete', key, isWrite: true, apply: () => store.delete(key) }),
      close: async () => undefined,
    };
  }

  stopAfter(steps: number): void {
    this.#stopAt = this.steps + steps;
  }

  /** Every client dies. What it sent may be lost, arrive now, or much later. */
  restart(): void {
    this.#boot++;
    this.#isStopped = false;
    this.#stopAt = Number.POSITIVE_INFINITY;
    this.#putsUntilFailure = Number.POSITIVE_INFINITY;
  }

  /** Whose put is the `puts`-th from now can no longer reach that key. */
  failPutAfter(puts: number | undefined): void {
    this.#putsUntilFailure = puts ?? Number.POSITIVE_INFINITY;
  }

  limitSpace(bytes: number | undefined): void {
    this.#spaceBytes = bytes ?? Number.POSITIVE_INFINITY;
  }

  flipBit(random: () => number): string {
    const objects = [...this.#state.objects.values()];
    let at = Math.floor(random() * objects.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const { key, content } of objects) {
      if (at < content.length) {
        const bit = Math.floor(random() * 8);
        content[at]! ^= 1 << bit;
        return `bit ${bit} of byte ${at} of ${key}`;
      }
      at -= content.length;
    }
    throw new Error('there is nothing to flip');
  }

  async #call<T>(call: Call<T>): Promise<T> {
    this.#step();
    const isLast = this.steps > this.#stopAt && !this.#isStopped;
    if (isLast) this.#isStopped = true;
    if (!isLast && !this.#isAlive(call.client)) throw noAnswer(call, 'Unavailable');
    if (isLast) return this.#lose(call);
    if (this.#isCutOff(call)) return this.#lose(call);
    if (this.isFlaky && this.#random() < FAULT_SHARE) return this.#misbehave(call);
    await this.#turns();
    if (!this.#isAlive(call.client)) return this.#lose(call);
    const result = await call.apply();
    await this.#turns();
    if (!this.#isAlive(call.client)) throw noAnswer(call, 'Unknown');
    return result;
  }

  #step(): void {
    this.steps++;
    const due = this.#late.filter(({ dueStep }) => dueStep <= this.steps);
    this.#late = this.#late.filter(({ dueStep }) => dueStep > this.steps);
    for (const { apply } of due) void arriveLate(apply);
  }

  /** The caller gets no answer; a write may be lost, arrive now, or later. */
  #lose<T>(call: Call<T>): never {
    if (call.isWrite) {
      const dice = this.#random();
      if (dice < 0.33) void arriveLate(call.apply);
      else if (dice < 0.66) this.#delay(call);
    }
    throw noAnswer(call, call.isWrite ? 'Unknown' : 'Unavailable');
  }

  async #misbehave<T>(call: Call<T>): Promise<T> {
    await this.#turns();
    const dice = this.#random();
    if (dice < 0.3) throw noAnswer(call, 'Unavailable');
    if (dice < 0.5) return this.#lose(call);
    const result = await call.apply();
    if (dice < 0.75) throw noAnswer(call, call.isWrite ? 'Unknown' : 'Timeout');
    // Delivered twice.
    if (call.isWrite) this.#delay(call);
    return result;
  }

  #delay<T>({ apply }: Call<T>): void {
    this.#late.push({ dueStep: this.steps + 1 + Math.floor(this.#random() * LATE_STEPS_MAX), apply });
  }

  #isCutOff({ client, name, key }: Call<unknown>): boolean {
    if (name.startsWith('put') && this.#putsUntilFailure-- === 0) client.isCutOffFrom = key;
    return client.isCutOffFrom === key;
  }

  async #charged(
    key: string,
    bytes: Uint8Array,
    put: (bytes: Uint8Array) => Promise<ObjectVersion>,
  ): Promise<ObjectVersion> {
    const chargedBytes = bytes.length + OBJECT_OVERHEAD_BYTES;
    if (!this.#state.objects.has(key)) {
      if (chargedBytes > this.#spaceBytes) throw new ElanusError('Exhausted', 'the store is full');
      this.#spaceBytes -= chargedBytes;
    }
    return put(bytes);
  }

  #isAlive(client: Client): boolean {
    return !this.#isStopped && client.boot === this.#boot;
  }

  async #turns(): Promise<void> {
    if (this.isEven) return pass(TURNS_MAX);
    const turnsMax = this.#random() < 0.1 ? SLOW_TURNS_MAX : TURNS_MAX;
    const turns = Math.floor(this.#random() * turnsMax);
    await pass(turns);
  }
}

/** Ticks, not microtasks: a writer starts its uploads in ticks, and must get its turn. */
async function pass(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => process.nextTick(resolve));
}

/** Nobody waits for it: somebody may have been there before. */
async function arriveLate(apply: () => Promise<unknown>): Promise<void> {
  await apply().catch(() => undefined);
}

function noAnswer({ name, key }: Call<unknown>, kind: 'Unavailable' | 'Timeout' | 'Unknown'): ElanusError {
  return new ElanusError(kind, `no answer to ${name}`, { context: { key } });
}
