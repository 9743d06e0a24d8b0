import { existsSync, readFileSync } from 'node:fs';

/** Vectors, queries and exact answers; row i has id i. */
export interface Packages {
  readonly source: string;
  readonly rows: number;
  readonly dim: number;
  readonly vectors: Float32Array;
  readonly queries: Float32Array;
  readonly queryCount: number;
  /** Scalar `rank` of each row: a permutation of 0 … rows − 1, so that `rank < n` selects n rows spread over all. */
  readonly ranks: Float64Array;
}

const FOLDERS = [
  { url: new URL('../../../shared/data/', import.meta.url), source: '../shared/data' },
  { url: new URL('../../examples/data/', import.meta.url), source: "the repository's sample" },
];
/** Coprime to the number of rows, so that i → i × STEP mod rows is a permutation. */
const RANK_STEP = 7919;

/** The full set when it lies beside the repository, else the sample in it. Rejects when there is neither. */
export function readPackages(): Packages {
  const found = FOLDERS.find(({ url }) => existsSync(new URL('packages.f16.npy', url)));
  if (found === undefined)
    throw new Error('found neither ../shared/data nor examples/data with packages.f16.npy');
  const vectors = readHalves(new URL('packages.f16.npy', found.url));
  const queries = readHalves(new URL('queries.f16.npy', found.url));
  const { rows, dim } = vectors;
  return {
    source: `${found.source}, ${rows} × ${dim}`,
    rows,
    dim,
    vectors: vectors.values,
    queries: queries.values,
    queryCount: queries.rows,
    ranks: Float64Array.from({ length: rows }, (_, i) => (i * RANK_STEP) % rows),
  };
}

/** A file of float16 in C order, of two dimensions. */
function readHalves(url: URL): { values: Float32Array; rows: number; dim: number } {
  const file = readFileSync(url);
  const start = 10 + file.readUInt16LE(8);
  const header = file.toString('latin1', 10, start);
  const shape = /'descr': '<f2'.*'shape': \((\d+), (\d+)\)/.exec(header);
  if (shape === null)
    throw new Error(`${url.pathname} is no .npy file of two dimensions of float16: ${header}`);
  const bytes = Uint8Array.from(file.subarray(start));
  const values = Float32Array.from(new Float16Array(bytes.buffer));
  return { values, rows: Number(shape[1]), dim: Number(shape[2]) };
}
