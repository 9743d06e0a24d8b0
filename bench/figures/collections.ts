import type { Packages } from '../data/packages.ts';
import type { EncodedCall } from '../load/connection.ts';
import { insert, search } from '../wire/requests.ts';
import { EF, TOP_K } from './figure.ts';

/** Rows [from, to) of the set; their ids are their numbers plus `idOffset`. */
export function rowsCall(
  data: Packages,
  collection: string,
  from: number,
  to: number,
  idOffset = 0,
): EncodedCall {
  return insert(collection, {
    ids: Array.from({ length: to - from }, (_, i) => from + i + idOffset),
    ranks: data.ranks.subarray(from, to),
    vectors: data.vectors.subarray(from * data.dim, to * data.dim),
    dim: data.dim,
  });
}

/** The first `rows` rows in batches. */
export function batchCalls(
  data: Packages,
  collection: string,
  rows: number,
  batchRows: number,
): EncodedCall[] {
  const calls: EncodedCall[] = [];
  for (let from = 0; from < rows; from += batchRows) {
    calls.push(rowsCall(data, collection, from, Math.min(rows, from + batchRows)));
  }
  return calls;
}

export function queryVector(data: Packages, query: number): Float32Array {
  return data.queries.subarray(query * data.dim, (query + 1) * data.dim);
}

/** One search a query of the set. */
export function searchCalls(data: Packages, collection: string, filter?: string): EncodedCall[] {
  const options = { limit: TOP_K, ef: EF, ...(filter !== undefined && { filter }) };
  return Array.from({ length: data.queryCount }, (_, query) =>
    search(collection, queryVector(data, query), options),
  );
}
