import type { VectorIndexSpec } from '../../core/ports/vectorIndex.ts';
import { METRIC_NUMBERS } from '../../kernels/exactScan.ts';
import { graphParams } from './params.ts';

/**
 * The region of a graph: a header of u32 fields as class Graph in src/assembly/graph.ts, then arrays at offsets from its start,
 * each 64-byte aligned. Nothing in it depends on where it lies.
 */
export const GRAPH_MAGIC = 0x48_4e_4c_45;
export const GRAPH_VERSION = 1;

/** Places of the header fields, in u32. */
const FIELD = {
  magic: 0,
  version: 1,
  dim: 2,
  metric: 3,
  linksMax: 4,
  links0Max: 5,
  efConstruction: 6,
  rowsCapacity: 7,
  codeKind: 8,
  codeBytes: 9,
  recordBytes: 10,
  rows: 11,
  entry: 12,
  upperUsed: 13,
  upperCapacity: 14,
  trained: 15,
  gain: 16,
  meanOffset: 17,
  levelsOffset: 18,
  upperIndexOffset: 19,
  linksOffset: 20,
  upperOffset: 21,
  recordsOffset: 22,
} as const;

export type GraphField = keyof typeof FIELD;

const HEADER_BYTES = 128;
const RECORD_TAIL_BYTES = 16;
const NO_ROW = 0xffff_ffff;
const CODE_INT8 = 0;
const CODE_FLOAT32 = 1;
/** Up to here a float32 row is hardly longer than its code and tells neighbours apart that 8 bits cannot. */
const FLOAT_CODE_DIM_MAX = 32;

export interface GraphLayout {
  readonly bytes: number;
  /** Every header field of an empty graph. */
  readonly fields: Readonly<Record<GraphField, number>>;
}

/** How a graph lies in its region. `upperCapacity`: lists in the pool of upper levels; default: enough for the rows. */
export function graphLayout(
  spec: VectorIndexSpec,
  rowsCapacity: number,
  upperCapacity?: number,
): GraphLayout {
  const { linksMax, efConstruction } = graphParams(spec);
  const codeKind = spec.dim <= FLOAT_CODE_DIM_MAX ? CODE_FLOAT32 : CODE_INT8;
  const codeBytes = codeKind === CODE_FLOAT32 ? roundUp(spec.dim * 4, 16) : roundUp(spec.dim, 64);
  const recordBytes = codeBytes + RECORD_TAIL_BYTES;
  const upperLists = upperCapacity ?? upperListsFor(rowsCapacity, linksMax);
  let end = HEADER_BYTES;
  const place = (bytes: number): number => {
    const offset = roundUp(end, 64);
    end = offset + bytes;
    return offset;
  };
  const fields = {
    magic: GRAPH_MAGIC,
    version: GRAPH_VERSION,
    dim: spec.dim,
    metric: METRIC_NUMBERS[spec.metric],
    linksMax,
    links0Max: 2 * linksMax,
    efConstruction,
    rowsCapacity,
    codeKind,
    codeBytes,
    recordBytes,
    rows: 0,
    entry: NO_ROW,
    upperUsed: 0,
    upperCapacity: upperLists,
    trained: 0,
    gain: 0,
    meanOffset: place(roundUp(spec.dim * 4, 16)),
    levelsOffset: place(rowsCapacity),
    upperIndexOffset: place(rowsCapacity * 4),
    linksOffset: place(rowsCapacity * (2 * linksMax + 1) * 4),
    upperOffset: place(upperLists * (linksMax + 1) * 4),
    recordsOffset: place(rowsCapacity * recordBytes),
  };
  return { bytes: roundUp(end, 64), fields };
}

/** Lists are drawn at random, rows / (M − 1) on average: that and eight deviations. */
function upperListsFor(rows: number, linksMax: number): number {
  const mean = rows / Math.max(1, linksMax - 1);
  return Math.ceil(mean + 8 * Math.sqrt(2 * mean) + 16);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** Reads and writes a region. */
export class GraphRegion {
  readonly bytes: Uint8Array;
  readonly #fields: Uint32Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#fields = new Uint32Array(bytes.buffer, bytes.byteOffset, HEADER_BYTES / 4);
  }

  field(name: GraphField): number {
    return this.#fields[FIELD[name]]!;
  }

  /** Rows that searches see. */
  get rows(): number {
    return Atomics.load(this.#fields, FIELD.rows);
  }

  /** Lays out an empty graph. */
  writeEmpty(layout: GraphLayout): void {
    for (const [name, value] of Object.entries(layout.fields))
      this.#fields[FIELD[name as GraphField]] = value;
  }

  /** Copies all that `from` holds into this one, which is laid out, has room and is searched by nobody yet. */
  copyFrom(from: GraphRegion): void {
    const rows = from.rows;
    const list0Bytes = (from.field('links0Max') + 1) * 4;
    const upperBytes = (from.field('linksMax') + 1) * 4;
    this.#copyArray(from, 'meanOffset', from.field('dim') * 4);
    this.#copyArray(from, 'levelsOffset', rows);
    this.#copyArray(from, 'upperIndexOffset', rows * 4);
    this.#copyArray(from, 'linksOffset', rows * list0Bytes);
    this.#copyArray(from, 'upperOffset', from.field('upperUsed') * upperBytes);
    this.#copyArray(from, 'recordsOffset', rows * from.field('recordBytes'));
    for (const name of ['upperUsed', 'trained', 'gain', 'entry'] as const) {
      this.#fields[FIELD[name]] = from.field(name);
    }
    Atomics.store(this.#fields, FIELD.rows, rows);
  }

  #copyArray(from: GraphRegion, offset: GraphField, bytes: number): void {
    const start = from.field(offset);
    this.bytes.set(from.bytes.subarray(start, start + bytes), this.field(offset));
  }
}

/** Names of the fields in which two regions differ that must agree for one to be copied into the other. */
export function differences(a: GraphRegion, b: GraphRegion): string[] {
  const names = ['magic', 'version', 'dim', 'metric', 'linksMax', 'codeKind', 'codeBytes'] as const;
  return names.filter((name) => a.field(name) !== b.field(name));
}
