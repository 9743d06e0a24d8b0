import { median } from '../figures/figure.ts';
import type { Slice } from './closedLoop.ts';

/** With fewer calls a slice has no 99th percentile of its own; then that of all rounds counts. */
const P99_CALLS_MIN = 100;

export interface Rates {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly callsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly calls: number;
  /** Of each round, so that the spread can be looked up. */
  readonly rounds: readonly { readonly p50Ms: number; readonly callsPerSecond: number }[];
}

/** Adapter and bare loop over the same server, in turns. */
export interface Comparison {
  readonly adapter: Rates;
  readonly bare: Rates;
}

export interface Sides {
  adapter(durationMs: number): Promise<Slice>;
  bare(durationMs: number): Promise<Slice>;
}

/**
 * Runs both sides in slices, A B, B A, A B, …, so that what else the machine does falls on both; a shorter first slice
 * of each, in which code is compiled and connections are made, does not count.
 */
export async function compare(sides: Sides, rounds: number, sliceMs: number): Promise<Comparison> {
  const slices: { readonly [side in keyof Sides]: Slice[] } = { adapter: [], bare: [] };
  for (const side of ['bare', 'adapter'] as const) await sides[side](sliceMs / 3);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (['adapter', 'bare'] as const) : (['bare', 'adapter'] as const);
    for (const side of order) slices[side].push(await sides[side](sliceMs));
  }
  return { adapter: ratesOf(slices.adapter), bare: ratesOf(slices.bare) };
}

/** Medians of the rounds. */
function ratesOf(slices: readonly Slice[]): Rates {
  const rounds = slices.map(({ latenciesMs, tookMs }) => ({
    p50Ms: percentile(latenciesMs, 0.5),
    callsPerSecond: (latenciesMs.length * 1000) / tookMs,
  }));
  const hasOwnP99 = slices.every(({ latenciesMs }) => latenciesMs.length >= P99_CALLS_MIN);
  const all = Float64Array.from(slices.flatMap(({ latenciesMs }) => [...latenciesMs])).sort();
  return {
    p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)),
    p99Ms: hasOwnP99
      ? median(slices.map(({ latenciesMs }) => percentile(latenciesMs, 0.99)))
      : percentile(all, 0.99),
    callsPerSecond: median(rounds.map(({ callsPerSecond }) => callsPerSecond)),
    megabytesPerSecond: median(slices.map(({ bytes, tookMs }) => bytes / 1000 / tookMs)),
    calls: all.length,
    rounds,
  };
}

function percentile(ascending: Float64Array, share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;
}
