import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Index } from 'usearch';
import { ElanusError } from '../../core/domain/errors.ts';
import { callLibrary } from './errors.ts';

/**
 * A saved index, little-endian u32: magic, format version, CRC-32 of all that follows it, rows, dim, metric, quantization
 * (places in METRICS and QUANTIZATIONS); then the library's own file.
 */
const MAGIC = 0x53_55_4c_45;
const VERSION = 1;
const HEADER_BYTES = 28;

export interface SavedHead {
  readonly rows: number;
  readonly dim: number;
  readonly metric: number;
  readonly quantization: number;
}

export function saveIndex(index: Index, head: SavedHead): Uint8Array {
  const file = throughFile((path) => {
    callLibrary('save', () => index.save(path));
    return readFileSync(path);
  });
  const saved = new Uint8Array(HEADER_BYTES + file.length);
  saved.set(file, HEADER_BYTES);
  const header = new DataView(saved.buffer);
  const fields = [MAGIC, VERSION, 0, head.rows, head.dim, head.metric, head.quantization];
  for (const [i, field] of fields.entries()) header.setUint32(i * 4, field, true);
  header.setUint32(8, crc32(saved.subarray(12)), true);
  return saved;
}

/** Errors: Corrupt; Unsupported (another format version). */
export function savedHead(saved: Uint8Array): SavedHead {
  if (saved.length < HEADER_BYTES) throw corrupt('is too short', saved);
  const header = new DataView(saved.buffer, saved.byteOffset, HEADER_BYTES);
  const field = (place: number): number => header.getUint32(place * 4, true);
  if (field(0) !== MAGIC) throw corrupt('has another magic number', saved);
  if (field(2) !== crc32(saved.subarray(12))) throw corrupt('has another checksum', saved);
  if (field(1) !== VERSION) {
    throw new ElanusError('Unsupported', 'saved usearch index has another format version', {
      context: { version: field(1), supported: VERSION },
    });
  }
  return { rows: field(3), dim: field(4), metric: field(5), quantization: field(6) };
}

/** Fills `index`, which is empty, from bytes that `savedHead` accepted. */
export function loadIndex(index: Index, saved: Uint8Array): void {
  throughFile((path) => {
    writeFileSync(path, saved.subarray(HEADER_BYTES));
    callLibrary('load', () => index.load(path));
  });
}

/** The library saves to and loads from files only. */
function throughFile<Result>(use: (path: string) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), 'elanus-usearch-'));
  try {
    return use(join(directory, 'index'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function corrupt(what: string, bytes: Uint8Array): ElanusError {
  return new ElanusError('Corrupt', `saved usearch index ${what}`, { context: { bytes: bytes.length } });
}
