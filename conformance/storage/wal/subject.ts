import type { StorageCapabilities } from '../../../src/core/ports/plugin.ts';
import type { Wal } from '../../../src/core/ports/wal.ts';
import type { ConformanceCase } from '../conformanceCase.ts';

/** How the kit gets logs to test. */
export interface WalFactory {
  /** Of the plugin under test. */
  readonly capabilities: StorageCapabilities;
  /** True when subjects have `crash`, and `faults`: they decide which cases there are. */
  readonly canCrash: boolean;
  readonly canFail: boolean;
  /** True when subjects have `durable`. */
  readonly canBeKilled?: boolean;
  /** A new, empty log that nothing else uses. What a subject does at random comes from `seed`. */
  open(seed: number): Promise<WalSubject>;
}

export interface WalSubject {
  readonly wal: Wal;
  /** Another Wal on the same storage; earlier ones go on working, as another process would. */
  reopen(): Promise<Wal>;
  /** Power loss now: every Wal dies, its calls end, and what is not durable survives in an arbitrary part. */
  crash?(): Promise<void>;
  readonly faults?: WalFaults;
  /** How a process of its own opens the same log: `openStore(location): Promise<Wal>` of `module`; it is killed. */
  readonly durable?: { readonly module: URL; readonly location: string };
  /** Closes what is open and removes the data. */
  dispose(): Promise<void>;
}

/** Faults of the store under an adapter. A step is one call that the adapter makes to its store. */
export interface WalFaults {
  /** Steps taken until now. */
  readonly steps: number;
  /** At the `steps`-th step from now (0 = the next) the machine stops: that step happens in part, later ones fail. */
  stopAfter(steps: number): void;
  /** Starts again. `powerLost`: what was not synced survives in an arbitrary part; else (a killed process) wholly. */
  restart(powerLost: boolean): Promise<void>;
  /**
   * The `syncs`-th sync from now (0 = the next) fails with an I/O error, what was not synced may be lost, and later syncs
   * say nothing of it; undefined = none fails.
   */
  failSyncAfter(syncs: number | undefined): void;
  /** Writes past this many more bytes fail for want of space, after what fits was written; undefined = no limit. */
  limitSpace(bytes: number | undefined): void;
  /** Every write may write less than it was given. */
  shortenWrites(): void;
  /** Flips one bit of what is stored, anywhere, and says where. */
  flipBit(random: () => number): string;
  /** What the adapter logged as warning or error: message and fields as JSON. */
  readonly warnings: readonly string[];
}

export interface WalConformanceOptions {
  /** Added to the seed of every random case. Default 0. */
  readonly seed?: number;
  /** How many seeds the random cases take. Default 24. */
  readonly seeds?: number;
}

export type SubjectCase = readonly [
  name: string,
  run: (subject: WalSubject, random: () => number) => Promise<void>,
];

/** A case that gets a fresh subject, which is disposed whatever happens. */
export function caseOf(
  factory: WalFactory,
  [name, run]: SubjectCase,
  seed: number,
  random: () => number,
): ConformanceCase {
  return {
    name,
    async run() {
      const subject = await factory.open(seed);
      try {
        await run(subject, random);
      } finally {
        await subject.dispose();
      }
    },
  };
}
