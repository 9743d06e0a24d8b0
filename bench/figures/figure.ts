import type { Judge } from '../data/exact.ts';
import type { Packages } from '../data/packages.ts';
import type { Running, System } from '../peers/system.ts';
import type { Control } from '../wire/control.ts';

/** One number of the table. */
export interface Measured {
  /** One of `goals`. */
  readonly key: string;
  readonly value: number;
  /** What the number hides: the spread, the rounds, the processor time of the client. */
  readonly detail?: string | undefined;
}

/** A started server and a connection to it. */
export interface Served {
  readonly server: Running;
  readonly control: Control;
}

/** What figures share while one system is measured. */
export interface Bench {
  readonly system: System;
  readonly data: Packages;
  readonly judge: Judge;
  /** How often a figure is measured; its median counts. */
  readonly rounds: number;
  readonly quick: boolean;
  /** A folder of the disk that is measured, deleted at the end. */
  readonly scratch: string;
  /** Runs `use` on a server of its own with an empty folder; the server is stopped at the end. */
  withFresh<Result>(use: (served: Served) => Promise<Result>): Promise<Result>;
  /** The server that holds the whole set as PACKAGES: flushed, indexed and loaded; started and filled once. */
  loaded(): Promise<Served>;
  /** Ends the loaded server by SIGKILL and starts it again on its folder; resolves as soon as the process is started. */
  restartLoaded(): Promise<Running>;
  /** Takes the control connection of the server that was started again. */
  reconnected(control: Control): void;
}

export interface Figure {
  readonly name: string;
  /** Whether it is measured with the other systems too. */
  readonly withPeers: boolean;
  run(bench: Bench): Promise<readonly Measured[]>;
}

export const PACKAGES = 'packages';
export const TOP_K = 10;
export const EF = 64;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** "5 rounds, 1.2 … 3.4"; nothing to say of one. */
export function spread(values: readonly number[], digits = 1): string {
  if (values.length < 2) return '';
  return `${values.length} rounds, ${Math.min(...values).toFixed(digits)} … ${Math.max(...values).toFixed(digits)}`;
}
