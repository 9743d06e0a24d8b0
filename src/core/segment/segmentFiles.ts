import type { BatchPlace, ColumnFile, ObjectFile, SegmentInfo } from '../domain/catalog.ts';
import type { ColumnBatch } from '../domain/columns.ts';
import { ElanusError } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { int64Field, TIMESTAMP_FIELD_ID } from '../domain/schema.ts';
import type { Arena, ArenaRef } from '../ports/arena.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { ObjectStore } from '../ports/objectStore.ts';
import { columnFileEntry, type EncodedColumnFile } from './arrowFile.ts';
import { BodyReader } from './arrowTypes.ts';

/** Bytes copied or checksummed before others get their turn: less than a millisecond. */
const SLICE_BYTES = 2 << 20;

export interface FileDeps {
  readonly objectStore: ObjectStore;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly arena: Arena;
}

/** The column of insert timestamps in a segment's scalar file. */
export const TIMESTAMP_FIELD = int64Field(TIMESTAMP_FIELD_ID, '$timestamp');

/** Where all objects of segments lie. */
export const SEGMENTS_PREFIX = 'segments/';

export function segmentKey(collectionId: number, segmentId: number, name: string): string {
  return `${SEGMENTS_PREFIX}${collectionId}/${segmentId}/${name}`;
}

/** Stores an encoded column file under `key` and gives the catalogue's entry for it. */
export async function storeColumnFile(
  deps: FileDeps,
  key: string,
  fields: readonly FieldSchema[],
  file: EncodedColumnFile,
): Promise<ColumnFile> {
  const place = scratchRange(deps.arena, file.bytes);
  try {
    const bytes =
      place === undefined
        ? new Uint8Array(file.bytes)
        : deps.arena.view(place.arena, place.offset, file.bytes);
    await copyPieces(deps.clock, file.pieces, bytes);
    const checksums: number[] = [];
    for (const batch of file.batches) {
      checksums.push(await checksum(deps, bytes.subarray(batch.offset, batch.offset + batch.bytes)));
    }
    await deps.objectStore.put(key, bytes);
    return columnFileEntry(key, fields, file, checksums);
  } finally {
    if (place !== undefined) deps.arena.free(place);
  }
}

/**
 * One contiguous range for a put, from the arena, where the memory is used again afterwards. Undefined when the arena is
 * full: storing is what makes room there.
 */
function scratchRange(arena: Arena, bytes: number): ArenaRef | undefined {
  try {
    return arena.allocate(Math.max(1, bytes));
  } catch (caught) {
    if (ElanusError.from(caught).kind !== 'Exhausted') throw caught;
    return undefined;
  }
}

export async function storeObject(deps: FileDeps, key: string, bytes: Uint8Array): Promise<ObjectFile> {
  const crc32 = await checksum(deps, bytes);
  await deps.objectStore.put(key, bytes);
  return { key, bytes: bytes.length, crc32 };
}

/** Reads and verifies. Error: Corrupt, naming the file. */
export async function loadObject(deps: FileDeps, file: ObjectFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(file.bytes);
  await readRange(deps, file.key, 0, bytes);
  await verify(deps, file.key, 0, bytes, file.crc32);
  return bytes;
}

/** The rows of a column file, a batch at a time; `fields` are those of the file, looked up by id. */
export async function* loadColumnFile(
  deps: FileDeps,
  file: ColumnFile,
  field: (fieldId: number) => FieldSchema,
): AsyncIterable<ColumnBatch> {
  const fields = file.fieldIds.map(field);
  for (const place of file.batches) {
    const body = new Uint8Array(place.bytes);
    await readRange(deps, file.key, place.offset, body);
    await verify(deps, file.key, place.offset, body, place.crc32);
    yield decodeBody(file.key, body, place, fields);
  }
}

function decodeBody(
  key: string,
  body: Uint8Array,
  place: BatchPlace,
  fields: readonly FieldSchema[],
): ColumnBatch {
  const reader = new BodyReader(body, place.buffers);
  try {
    const columns = fields.map((field) => ({
      fieldId: field.fieldId,
      column: reader.column(field, place.rows),
    }));
    return { rows: place.rows, columns };
  } catch (caught) {
    throw new ElanusError('Corrupt', 'a segment file does not hold what its entry says', {
      context: { file: key, offset: place.offset, reason: ElanusError.from(caught).message },
      cause: caught,
    });
  }
}

/** A missing or short object that the catalogue names is corruption, not absence. */
async function readRange(deps: FileDeps, key: string, offset: number, into: Uint8Array): Promise<void> {
  try {
    if (into.length > 0) await deps.objectStore.getRange(key, offset, into.length, into);
  } catch (caught) {
    const error = ElanusError.from(caught);
    if (error.kind !== 'NotFound' && error.kind !== 'Invalid') throw error;
    throw new ElanusError('Corrupt', 'a segment file is missing or too short', {
      context: { file: key, offset, bytes: into.length },
      cause: caught,
    });
  }
}

async function verify(
  deps: FileDeps,
  key: string,
  offset: number,
  bytes: Uint8Array,
  crc32: number,
): Promise<void> {
  const actual = await checksum(deps, bytes);
  if (actual === crc32) return;
  throw new ElanusError('Corrupt', 'a segment file fails its checksum', {
    context: { file: key, offset, bytes: bytes.length, expected: crc32, actual },
  });
}

async function checksum(deps: FileDeps, bytes: Uint8Array): Promise<number> {
  let crc = 0;
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    crc = deps.crypto.crc32(bytes.subarray(at, at + SLICE_BYTES), crc);
    if (at + SLICE_BYTES < bytes.length) await deps.clock.sleep(0);
  }
  return crc;
}

async function copyPieces(clock: Clock, pieces: readonly Uint8Array[], into: Uint8Array): Promise<void> {
  let at = 0;
  let sinceYield = 0;
  for (const piece of pieces) {
    into.set(piece, at);
    at += piece.length;
    sinceYield += piece.length;
    if (sinceYield >= SLICE_BYTES) {
      sinceYield = 0;
      await clock.sleep(0);
    }
  }
}

/** Every object of a segment. */
export function segmentObjectKeys(segment: SegmentInfo): readonly string[] {
  const keys = [segment.scalars.key, ...segment.vectors.map((file) => file.key)];
  if (segment.marks !== undefined) keys.push(segment.marks.key);
  return [...keys, ...segment.indexes.map((file) => file.key)];
}
