import { dot, squaredL2 } from './distance';
import { CODE_FLOAT32, CODE_INT8, Graph, recordOf, region } from './graph';
import { METRIC_COSINE, METRIC_IP } from './metric';
import { inverseNormAddress, rowAddress } from './rows';
import { Walk } from './walk';

// What the walk compares. A row x is first brought to x' = x · f − mean, where f is its inverse norm (COSINE) or the
// graph's gain: so values are of order 1, and a common offset costs no precision.
//
// int8: code u = round(x' / scale) + 64 in 1..127, with a scale of its own for every row; a query has signed codes of the
// full 8 bits. That is the shape of the relaxed dot product (signed 8 bits times 7 bits), which is one instruction where the
// processor has it. Behind the code lie scale and bias (f32) and the sum of the signed codes (i32).
// float32: x' itself, for few dimensions, where 8 bits would not tell neighbours apart.
//
// Scores are larger for nearer rows. L2 and COSINE (which is L2 of unit vectors): q'·x' − |x'|²/2, that is −|q' − x'|²/2 but
// for a constant of the query; x' is meant as coded, so that the error is at most the distance of x' from its code. IP: q'·x' +
// mean·x'. In both the second term is the row's bias; the similarity of two rows is a·b + bias(a) + bias(b).

const SCALE_OFFSET: u32 = 0;
const BIAS_OFFSET: u32 = 4;
const SUM_OFFSET: u32 = 8;

/** Codes are code + ZERO, which makes them unsigned. */
const ZERO: i32 = 64;
const ROW_CODE_MAX: f32 = 63;
const QUERY_CODE_MAX: f32 = 127;

/** Beyond, x' is cut off, so that sums of squares stay in the range of float32. */
const VALUE_MAX: f32 = 1e15;

/** Learns gain and mean from about `samples` rows of [0, rows). */
export function trainCodes(
  g: Graph,
  table: usize,
  chunkRowsLog2: u32,
  strideBytes: usize,
  rows: u32,
  samples: u32,
): void {
  const mean = region(g) + g.meanOffset;
  const step = max<u32>(1, rows / samples);
  g.gain = g.metric == METRIC_COSINE ? 1 : gainOf(g, table, chunkRowsLog2, strideBytes, rows, step);
  let count: f32 = 0;
  for (let row: u32 = 0; row < rows; row += step) {
    const source = rowAddress(table, chunkRowsLog2, strideBytes, row);
    const factor = rowFactor(g, table, chunkRowsLog2, strideBytes, row);
    count += 1;
    for (let i: u32 = 0; i < g.dim; i++) {
      const at = mean + (i << 2);
      const before = load<f32>(at);
      store<f32>(at, before + (load<f32>(source + (i << 2)) * factor - before) / count);
    }
  }
  g.trained = 1;
}

/** 1 / largest magnitude of the sampled rows, so that their values lie in −1..1. */
function gainOf(g: Graph, table: usize, chunkRowsLog2: u32, strideBytes: usize, rows: u32, step: u32): f32 {
  let largest: f32 = 0;
  for (let row: u32 = 0; row < rows; row += step) {
    const source = rowAddress(table, chunkRowsLog2, strideBytes, row);
    for (let i: u32 = 0; i < g.dim; i++) largest = max<f32>(largest, abs<f32>(load<f32>(source + (i << 2))));
  }
  return largest > 1e-37 ? 1 / largest : 1;
}

// @ts-ignore: decorator
@inline
function rowFactor(g: Graph, table: usize, chunkRowsLog2: u32, strideBytes: usize, row: u32): f32 {
  if (g.metric != METRIC_COSINE) return g.gain;
  return load<f32>(inverseNormAddress(table, chunkRowsLog2, strideBytes, row));
}

/** x' of the vector at `source` to `target`; returns its largest magnitude. */
function centre(g: Graph, source: usize, factor: f32, target: usize): f32 {
  const mean = region(g) + g.meanOffset;
  let largest: f32 = 0;
  for (let i: u32 = 0; i < g.dim; i++) {
    const at = i << 2;
    const scaled = load<f32>(source + at) * factor - load<f32>(mean + at);
    const value = min<f32>(max<f32>(scaled, -VALUE_MAX), VALUE_MAX);
    store<f32>(target + at, value);
    largest = max<f32>(largest, abs<f32>(value));
  }
  return largest;
}

/** Makes the walk's query from a vector; of unit length already when the metric is COSINE. */
export function encodeQuery(g: Graph, w: Walk, vector: usize): void {
  const largest = centre(g, vector, g.gain, w.centred);
  encodeCentred(g, w, largest);
}

/** Writes the record of `row` and makes it the walk's query. */
export function encodeRow(
  g: Graph,
  w: Walk,
  table: usize,
  chunkRowsLog2: u32,
  strideBytes: usize,
  row: u32,
): void {
  const source = rowAddress(table, chunkRowsLog2, strideBytes, row);
  const factor = rowFactor(g, table, chunkRowsLog2, strideBytes, row);
  const largest = centre(g, source, factor, w.centred);
  const record = recordOf(g, row);
  let bias: f32;
  if (g.codeKind == CODE_FLOAT32) {
    memory.copy(record, w.centred, g.codeBytes);
    bias = floatBias(g, record);
  } else {
    bias = writeCodes(g, w.centred, largest, record);
  }
  // A zero row has cosine 0 with every query, as far as a unit vector at a right angle.
  if (g.metric == METRIC_COSINE && factor == 0) bias -= 0.5;
  store<f32>(record + g.codeBytes + BIAS_OFFSET, bias);
  encodeCentred(g, w, largest);
  w.queryBias = bias;
}

// @ts-ignore: decorator
@inline
function floatBias(g: Graph, record: usize): f32 {
  if (g.metric == METRIC_IP) return dot(record, region(g) + g.meanOffset, g.codeBytes);
  return 0;
}

/** Codes, scale and sum of a row; returns its bias. */
function writeCodes(g: Graph, centred: usize, largest: f32, record: usize): f32 {
  const mean = region(g) + g.meanOffset;
  const scale = largest / ROW_CODE_MAX;
  const inverse: f32 = largest > 1e-30 ? ROW_CODE_MAX / largest : 0;
  let sum: i32 = 0;
  let squares: i64 = 0;
  let meanDot: f32 = 0;
  for (let i: u32 = 0; i < g.dim; i++) {
    const code = <i32>nearest<f32>(load<f32>(centred + (i << 2)) * inverse);
    store<u8>(record + i, <u8>(code + ZERO));
    sum += code;
    squares += code * code;
    meanDot += <f32>code * load<f32>(mean + (i << 2));
  }
  store<f32>(record + g.codeBytes + SCALE_OFFSET, scale);
  store<i32>(record + g.codeBytes + SUM_OFFSET, sum);
  return g.metric == METRIC_IP ? meanDot * scale : <f32>squares * scale * scale * -0.5;
}

/** The walk's query from w.centred. */
function encodeCentred(g: Graph, w: Walk, largest: f32): void {
  w.queryBias = 0;
  if (g.codeKind == CODE_FLOAT32) {
    w.query = w.centred;
    return;
  }
  const inverse: f32 = largest > 1e-30 ? QUERY_CODE_MAX / largest : 0;
  let sum: i32 = 0;
  for (let i: u32 = 0; i < g.dim; i++) {
    const code = <i32>nearest<f32>(load<f32>(w.centred + (i << 2)) * inverse);
    store<i8>(w.query + i, <i8>code);
    sum += code;
  }
  w.queryScale = largest / QUERY_CODE_MAX;
  w.queryShift = ZERO * sum;
}

// @ts-ignore: decorator
@inline
function sumLanesOfInts(v: v128): i32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + (i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3))
  );
}

/** Σ a·b of signed 8-bit codes at `a` and 7-bit ones at `b`; `bytes` is a multiple of 64. */
// @ts-ignore: decorator
@inline
function dotCodes(a: usize, b: usize, bytes: usize): i32 {
  let s0 = i32x4.splat(0);
  let s1 = i32x4.splat(0);
  const end = b + bytes;
  while (b < end) {
    s0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(a), v128.load(b), s0);
    s1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(a, 16), v128.load(b, 16), s1);
    s0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(a, 32), v128.load(b, 32), s0);
    s1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(a, 48), v128.load(b, 48), s1);
    a += 64;
    b += 64;
  }
  return sumLanesOfInts(i32x4.add(s0, s1));
}

// @ts-ignore: decorator
@inline
function scoreOfDot(w: Walk, dotProduct: i32, meta: usize): f32 {
  return (
    <f32>(dotProduct - w.queryShift) * (w.queryScale * load<f32>(meta, SCALE_OFFSET)) + load<f32>(meta, BIAS_OFFSET)
  );
}

/** Score of the walk's query with the record of a row. */
export function scoreRecord(g: Graph, w: Walk, record: usize): f32 {
  if (g.codeKind == CODE_INT8) {
    return scoreOfDot(w, dotCodes(w.query, record, g.codeBytes), record + g.codeBytes);
  }
  const bias = load<f32>(record + g.codeBytes, BIAS_OFFSET);
  if (g.metric == METRIC_IP) return dot(w.query, record, g.codeBytes) + bias;
  return squaredL2(w.query, record, g.codeBytes) * -0.5 + bias;
}

/** As scoreRecord for four int8 records at once: the query is read once and four rows are fetched side by side. */
export function scoreFour(g: Graph, w: Walk, a: usize, b: usize, c: usize, d: usize, scores: usize): void {
  const bytes: usize = g.codeBytes;
  let sa = i32x4.splat(0);
  let sb = i32x4.splat(0);
  let sc = i32x4.splat(0);
  let sd = i32x4.splat(0);
  let query = w.query;
  const end = query + bytes;
  while (query < end) {
    const x = v128.load(query);
    sa = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, v128.load(a), sa);
    sb = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, v128.load(b), sb);
    sc = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, v128.load(c), sc);
    sd = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, v128.load(d), sd);
    const y = v128.load(query, 16);
    sa = i32x4.relaxed_dot_i8x16_i7x16_add_s(y, v128.load(a, 16), sa);
    sb = i32x4.relaxed_dot_i8x16_i7x16_add_s(y, v128.load(b, 16), sb);
    sc = i32x4.relaxed_dot_i8x16_i7x16_add_s(y, v128.load(c, 16), sc);
    sd = i32x4.relaxed_dot_i8x16_i7x16_add_s(y, v128.load(d, 16), sd);
    const z = v128.load(query, 32);
    sa = i32x4.relaxed_dot_i8x16_i7x16_add_s(z, v128.load(a, 32), sa);
    sb = i32x4.relaxed_dot_i8x16_i7x16_add_s(z, v128.load(b, 32), sb);
    sc = i32x4.relaxed_dot_i8x16_i7x16_add_s(z, v128.load(c, 32), sc);
    sd = i32x4.relaxed_dot_i8x16_i7x16_add_s(z, v128.load(d, 32), sd);
    const v = v128.load(query, 48);
    sa = i32x4.relaxed_dot_i8x16_i7x16_add_s(v, v128.load(a, 48), sa);
    sb = i32x4.relaxed_dot_i8x16_i7x16_add_s(v, v128.load(b, 48), sb);
    sc = i32x4.relaxed_dot_i8x16_i7x16_add_s(v, v128.load(c, 48), sc);
    sd = i32x4.relaxed_dot_i8x16_i7x16_add_s(v, v128.load(d, 48), sd);
    query += 64;
    a += 64;
    b += 64;
    c += 64;
    d += 64;
  }
  store<f32>(scores, scoreOfDot(w, sumLanesOfInts(sa), a));
  store<f32>(scores, scoreOfDot(w, sumLanesOfInts(sb), b), 4);
  store<f32>(scores, scoreOfDot(w, sumLanesOfInts(sc), c), 8);
  store<f32>(scores, scoreOfDot(w, sumLanesOfInts(sd), d), 12);
}

/** Similarity of two rows: larger is nearer. The walk's score of row b is this less the bias of its query. */
export function similarity(g: Graph, a: usize, b: usize): f32 {
  const metaA = a + g.codeBytes;
  const metaB = b + g.codeBytes;
  const bias = load<f32>(metaA, BIAS_OFFSET) + load<f32>(metaB, BIAS_OFFSET);
  if (g.codeKind == CODE_INT8) {
    const sums = load<i32>(metaA, SUM_OFFSET) + load<i32>(metaB, SUM_OFFSET);
    const product = dotCodes(a, b, g.codeBytes) - ZERO * sums - ZERO * ZERO * <i32>g.dim;
    return <f32>product * (load<f32>(metaA, SCALE_OFFSET) * load<f32>(metaB, SCALE_OFFSET)) + bias;
  }
  if (g.metric == METRIC_IP) return dot(a, b, g.codeBytes) + bias;
  return squaredL2(a, b, g.codeBytes) * -0.5 + bias;
}
