import { seededNumbers } from '../../../../conformance/storage/checks.ts';
import { ElanusError, type ErrorKind } from '../../../../src/core/domain/errors.ts';
import type { Clock } from '../../../../src/core/ports/clock.ts';
import type { ObjectStore } from '../../../../src/core/ports/objectStore.ts';
import { MemoryObjectState, MemoryObjectStore } from '../../../../src/plugins/memory/memoryObjectStore.ts';
import { SimulatedClock } from './simulatedClock.ts';

const DELAY_MS_MAX = 30;
/** Of a put that its sender has given up. */
const LATE_MS_MAX = 5_000;

/** How often what goes wrong, of 1. */
export interface Troubles {
  /** A request or its answer is lost. */
  readonly lost: number;
  /** The store refuses to work. */
  readonly refused: number;
  /** A process stands still, for up to `stillMs`. */
  readonly still: number;
  readonly stillMs: number;
}

/** A bucket in memory, and processes that reach it over a network that loses, delays and repeats nothing by itself. */
export class SimulatedNet {
  readonly clock = new SimulatedClock();
  readonly random: () => number;
  readonly state = new MemoryObjectState();
  readonly #bucket: ObjectStore;
  #troubles: Troubles = { lost: 0, refused: 0, still: 0, stillMs: 0 };

  constructor(seed: number) {
    this.random = seededNumbers(seed);
    this.#bucket = new MemoryObjectStore({ clock: this.clock }, this.state);
  }

  set troubles(troubles: Troubles) {
    this.#troubles = troubles;
  }

  get names(): string[] {
    return [...this.state.objects.keys()];
  }

  /** The bucket as a process sees it. */
  process(): SimulatedProcess {
    return new SimulatedProcess(this, this.#bucket);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  delay(maxMs = DELAY_MS_MAX): Promise<void> {
    return this.clock.sleep(Math.floor(this.random() * maxMs));
  }

  get now(): Troubles {
    return this.#troubles;
  }
}

export class SimulatedProcess {
  readonly objects: ObjectStore;
  /** Its timers do not fire while it stands still; when its machine sleeps, they do not even count that time. */
  readonly clock: Clock;
  readonly #net: SimulatedNet;
  #stillUntilMs = 0;
  #isAsleep = false;
  #sleptMs = 0;
  #isCutOff = false;

  constructor(net: SimulatedNet, bucket: ObjectStore) {
    this.#net = net;
    this.clock = {
      nowMs: () => net.clock.nowMs(),
      monotonicMs: () => this.#monotonicMs(),
      sleep: async (delayMs, signal) => {
        const wakeMs = this.#monotonicMs() + delayMs;
        do {
          await net.clock.sleep(Math.max(0, wakeMs - this.#monotonicMs()), signal);
          await this.#move();
        } while (this.#monotonicMs() < wakeMs);
      },
    };
    this.objects = new Proxy(bucket, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => this.#call(String(name), () => method.apply(target, args));
      },
    });
  }

  /** It reaches nothing any more; what it sent is still on its way. */
  cutOff(): void {
    this.#isCutOff = true;
  }

  /** Stops it for so long, alone or with its machine; time goes on. */
  standStill(ms: number, isAsleep: boolean): void {
    const nowMs = this.#net.clock.monotonicMs();
    if (nowMs < this.#stillUntilMs) return;
    this.#stillUntilMs = nowMs + ms;
    this.#isAsleep = isAsleep;
    if (isAsleep) this.#sleptMs += ms;
  }

  #monotonicMs(): number {
    const nowMs = this.#net.clock.monotonicMs();
    // While it sleeps, its clock shows what it will show at the end.
    const isAsleep = this.#isAsleep && nowMs < this.#stillUntilMs;
    return (isAsleep ? this.#stillUntilMs : nowMs) - this.#sleptMs;
  }

  async #call<Result>(name: string, call: () => Promise<Result>): Promise<Result> {
    const net = this.#net;
    const writes = name.startsWith('put') || name === 'delete';
    const lost = (): ElanusError => failure(writes ? 'Unknown' : 'Timeout');
    if (net.chance(net.now.still)) this.standStill(net.random() * net.now.stillMs, net.chance(0.5));
    await this.#move();
    await net.delay();
    if (this.#isCutOff || net.chance(net.now.lost)) {
      if (!this.#isCutOff && writes && net.chance(0.5)) void this.#late(call);
      await net.delay();
      throw lost();
    }
    if (net.chance(net.now.refused)) throw failure('Unavailable');
    const outcome = await call().then(
      (result) => ({ result }),
      (caught: unknown) => ({ caught }),
    );
    await net.delay();
    await this.#move();
    if (net.chance(net.now.lost)) throw lost();
    if ('caught' in outcome) throw outcome.caught;
    return outcome.result;
  }

  async #late(call: () => Promise<unknown>): Promise<void> {
    await this.#net.delay(LATE_MS_MAX);
    await call().catch(() => undefined);
  }

  /** Waits until it does not stand still. */
  async #move(): Promise<void> {
    for (;;) {
      const leftMs = this.#stillUntilMs - this.#net.clock.monotonicMs();
      if (leftMs <= 0) return;
      // What waited for it comes in any order then.
      await this.#net.clock.sleep(leftMs + this.#net.random());
    }
  }
}

function failure(kind: ErrorKind): ElanusError {
  return new ElanusError(kind, 'simulated');
}
