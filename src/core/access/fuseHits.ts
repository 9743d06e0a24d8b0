import type { Hits } from '../rank/mergeHits.ts';
import type { MergedRows } from '../rank/mergeRows.ts';
import { gatherRows } from '../rank/mergeRows.ts';
import { compareKeys, type KeyReader, keyReader } from '../segment/keyOrder.ts';
import { hashKeys, SHARD_SEED } from './keyHash.ts';
import { KeyTable } from './keyTable.ts';
import type { Ranker } from './rankers.ts';

export interface FusedHits extends MergedRows {
  readonly counts: Uint32Array;
  readonly scores: Float64Array;
}

/**
 * Of each query rows [offset, offset + limit) of all legs together by their summed contributions, then by key. A row
 * found by several legs is taken from the first.
 */
export function fuseHits(legs: readonly Hits[], ranker: Ranker, offset: number, limit: number): FusedHits {
  const fusion = new Fusion(legs, ranker);
  const queryCount = legs[0]!.counts.length;
  const counts = new Uint32Array(queryCount);
  for (let query = 0; query < queryCount; query++) counts[query] = fusion.fuseQuery(query, offset, limit);
  const picks = { sources: Uint32Array.from(fusion.sources), rows: Uint32Array.from(fusion.rows) };
  const rows = gatherRows(
    legs.map(({ keys }) => keys),
    legs.map(({ output }) => output),
    picks,
  );
  return { counts, scores: Float64Array.from(fusion.scores), ...rows };
}

class Fusion {
  readonly sources: number[] = [];
  readonly rows: number[] = [];
  readonly scores: number[] = [];
  readonly #legs: readonly Hits[];
  readonly #ranker: Ranker;
  readonly #readers: readonly KeyReader[];
  readonly #hashes: readonly Uint32Array[];
  readonly #first: Uint32Array;

  constructor(legs: readonly Hits[], ranker: Ranker) {
    this.#legs = legs;
    this.#ranker = ranker;
    this.#readers = legs.map(({ keys }) => keyReader(keys));
    this.#hashes = legs.map(({ keys }) => hashKeys(keys, SHARD_SEED));
    this.#first = new Uint32Array(legs.length);
  }

  fuseQuery(query: number, offset: number, limit: number): number {
    const total = this.#legs.reduce((count, { counts }) => count + counts[query]!, 0);
    const table = new KeyTable(this.#readers, total);
    const sums = new Float64Array(total);
    for (let leg = 0; leg < this.#legs.length; leg++) this.#addLeg(leg, query, table, sums);
    const order = this.#order(table, sums).subarray(offset, offset + limit);
    for (const number of order) {
      this.sources.push(table.sourceOf(number));
      this.rows.push(table.rowOf(number));
      this.scores.push(sums[number]!);
    }
    return order.length;
  }

  #addLeg(leg: number, query: number, table: KeyTable, sums: Float64Array): void {
    const { counts, scores } = this.#legs[leg]!;
    const first = this.#first[leg]!;
    for (let i = 0; i < counts[query]!; i++) {
      const row = first + i;
      const number = table.add(leg, row, this.#hashes[leg]![row]!);
      sums[number]! += this.#ranker.contribution(leg, i + 1, scores[row]!);
    }
    this.#first[leg] = first + counts[query]!;
  }

  #order(table: KeyTable, sums: Float64Array): Uint32Array {
    const order = new Uint32Array(table.size);
    for (let number = 0; number < order.length; number++) order[number] = number;
    const sign = this.#ranker.largerIsBetter ? -1 : 1;
    return order.sort((a, b) => {
      if (sums[a] !== sums[b]) return sign * (sums[a]! - sums[b]!);
      const [left, right] = [this.#readers[table.sourceOf(a)]!, this.#readers[table.sourceOf(b)]!];
      return compareKeys(left, table.rowOf(a), right, table.rowOf(b));
    });
  }
}
