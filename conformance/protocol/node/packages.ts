import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const FULL = new URL('../../../../shared/data/', import.meta.url);
const SAMPLE = new URL('../../../examples/data/', import.meta.url);
export const PACKAGE_DIM = 384;
const PLACES = 100;

export type PackageMetric = 'COSINE' | 'IP' | 'L2';

export interface PackageRow {
  readonly id: number;
  readonly name: string;
  readonly section: string;
  readonly arch: string;
  readonly priority: string;
  readonly size: number;
  readonly installed_kb: number;
  readonly tags: readonly string[];
}

export interface FilteredTruth {
  readonly filter: string;
  /** Rows that match. */
  readonly count: number;
  /** Of the first queries: the exact answers by cosine, best first. */
  readonly ids: readonly (readonly number[])[];
}

/** Debian packages with an embedding each; row i has id i. */
export interface Packages {
  readonly where: string;
  readonly rows: readonly PackageRow[];
  readonly queries: readonly number[][];
  readonly filtered: readonly FilteredTruth[];
  vector(id: number): number[];
  /** As the server should say it: L2 is the squared distance. */
  score(metric: PackageMetric, query: number, id: number): number;
  /** The exact answer on place `place` (from 0). */
  exactId(metric: PackageMetric, query: number, place: number): number;
}

/** The whole set beside the repository; the sample inside it where that is not there, or with PACKAGES=sample. */
export function loadPackages(): Packages {
  const wantsSample = process.env.PACKAGES === 'sample';
  return !wantsSample && existsSync(new URL('packages.f16.npy', FULL)) ? fullSet() : sampleSet();
}

function fullSet(): Packages {
  const base = readSet(FULL);
  const truth = new Map(
    (['COSINE', 'IP', 'L2'] as const).map((metric) => {
      const url = new URL(`truth-${metric.toLowerCase()}-ids.i32.npy`, FULL);
      return [metric, new Int32Array(npyValues(url))];
    }),
  );
  return {
    ...base,
    where: 'the whole set of packages',
    filtered: readJson(new URL('truth-filtered.json.gz', FULL)) as FilteredTruth[],
    exactId: (metric, query, place) => truth.get(metric)![query * PLACES + place]!,
  };
}

function sampleSet(): Packages {
  const base = readSet(SAMPLE);
  const queries = readJson(new URL('queries.json', SAMPLE)) as {
    answers: (FilteredTruth & { ids: number[] })[];
  }[];
  const filtered = queries[0]!.answers
    .map(({ filter, count }, i) => ({ filter, count, ids: queries.map(({ answers }) => answers[i]!.ids) }))
    .filter(({ filter }) => filter !== '');
  const orders = new Map<string, readonly number[]>();
  const orderOf = (metric: PackageMetric, query: number): readonly number[] => {
    const scored = base.rows.map(({ id }) => ({ id, score: base.score(metric, query, id) }));
    scored.sort((a, b) => (metric === 'L2' ? a.score - b.score : b.score - a.score));
    return scored.map(({ id }) => id);
  };
  const exactId = (metric: PackageMetric, query: number, place: number): number => {
    const key = `${metric} ${query}`;
    const order = orders.get(key) ?? orderOf(metric, query);
    orders.set(key, order);
    return order[place]!;
  };
  return { ...base, where: 'the sample in examples/data', filtered, exactId };
}

function readSet(folder: URL) {
  const text = gunzipSync(readFileSync(new URL('packages.jsonl.gz', folder))).toString('utf8');
  const rows = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PackageRow);
  const vectors = readHalves(new URL('packages.f16.npy', folder));
  const flat = readHalves(new URL('queries.f16.npy', folder));
  const queries = Array.from({ length: flat.length / PACKAGE_DIM }, (_, i) => [...rowOf(flat, i)]);
  return {
    rows,
    queries,
    vector: (id: number) => [...rowOf(vectors, id)],
    score: (metric: PackageMetric, query: number, id: number) =>
      scoreOf(metric, queries[query]!, rowOf(vectors, id)),
  };
}

function rowOf(values: Float32Array, row: number): Float32Array {
  return values.subarray(row * PACKAGE_DIM, (row + 1) * PACKAGE_DIM);
}

function scoreOf(metric: PackageMetric, a: readonly number[], b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  let distance = 0;
  for (let i = 0; i < PACKAGE_DIM; i++) {
    const x = a[i]!;
    const y = b[i]!;
    dot += x * y;
    aa += x * x;
    bb += y * y;
    distance += (x - y) ** 2;
  }
  if (metric === 'L2') return distance;
  return metric === 'IP' ? dot : dot / Math.sqrt(aa * bb);
}

function readJson(url: URL): unknown {
  const bytes = readFileSync(url);
  return JSON.parse((url.pathname.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
}

function readHalves(url: URL): Float32Array {
  return Float32Array.from(new Uint16Array(npyValues(url)), (bits) => {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return bits & 0x8000 ? -size : size;
  });
}

/** The raw values of an .npy file: magic and version, a u16 header length at 8, the header, then the values. */
function npyValues(url: URL): ArrayBuffer {
  const file = readFileSync(url);
  return Uint8Array.from(file.subarray(10 + file.readUInt16LE(8))).buffer;
}
