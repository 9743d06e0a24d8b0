import { existsSync, readFileSync } from 'node:fs';
import type { Metric } from '../../../src/core/domain/metric.ts';
import { modelScore } from './model.ts';

/** 40,000 real embeddings with 500 queries and their exact answers, if they lie beside the repository. */
export interface RealData {
  readonly dim: number;
  readonly rows: Float32Array;
  readonly queries: Float32Array;
  readonly queryCount: number;
  /** The exact score on place `place` (0..99) for a query; larger is better, L2 negated. */
  exactScore(metric: Metric, query: number, place: number): number;
}

const DIM = 384;
const PLACES = 100;

/** `directory` holds packages.f16.npy, queries.f16.npy and truth-<metric>-scores.f32.npy; undefined when it does not. */
export function readRealData(directory: URL): RealData | undefined {
  if (!existsSync(new URL('packages.f16.npy', directory))) return undefined;
  const truth = {
    L2: new Float32Array(npyValues(new URL('truth-l2-scores.f32.npy', directory))),
    IP: new Float32Array(npyValues(new URL('truth-ip-scores.f32.npy', directory))),
    COSINE: new Float32Array(npyValues(new URL('truth-cosine-scores.f32.npy', directory))),
  };
  const queries = halvesToFloats(new Uint16Array(npyValues(new URL('queries.f16.npy', directory))));
  return {
    dim: DIM,
    rows: halvesToFloats(new Uint16Array(npyValues(new URL('packages.f16.npy', directory)))),
    queries,
    queryCount: queries.length / DIM,
    exactScore: (metric, query, place) => {
      const score = truth[metric][query * PLACES + place]!;
      return metric === 'L2' ? -Math.abs(score) : score;
    },
  };
}

/** Share of the `k` best that `answers` (rows by query) hold; a row counts when its score is not worse than the k-th. */
export function realRecall(
  data: RealData,
  metric: Metric,
  answers: readonly (readonly number[])[],
  k: number,
): number {
  let right = 0;
  for (const [query, rows] of answers.entries()) {
    const vector = data.queries.subarray(query * DIM, query * DIM + DIM);
    const bar = data.exactScore(metric, query, k - 1) - 1e-5;
    for (const row of rows.slice(0, k)) {
      if (modelScore(metric, data.rows.subarray(row * DIM, row * DIM + DIM), vector) >= bar) right++;
    }
  }
  return right / answers.length / k;
}

/** The raw values of an .npy file: 10 bytes of magic and version, a u16 header length among them, the header, then values. */
function npyValues(url: URL): ArrayBuffer {
  const file = readFileSync(url);
  const start = 10 + file.readUInt16LE(8);
  return file.buffer.slice(file.byteOffset + start, file.byteOffset + file.length) as ArrayBuffer;
}

function halvesToFloats(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (const [i, half] of halves.entries()) {
    const exponent = (half >> 10) & 31;
    const mantissa = half & 1023;
    const size = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
    floats[i] = half & 0x8000 ? -size : size;
  }
  return floats;
}
