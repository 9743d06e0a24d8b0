import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { SegmentInfo } from '../../core/domain/catalog.ts';
import { ElanusError } from '../../core/domain/errors.ts';
import type { ObjectStore } from '../../core/ports/objectStore.ts';
import { SEGMENTS_PREFIX } from '../../core/segment/segmentFiles.ts';
import type { Say } from './stores.ts';

const PROGRESS_MS = 1_000;

/** What the catalogue says of an object. */
interface ExpectedObject {
  readonly key: string;
  readonly bytes: number;
  readonly parts: readonly { readonly offset: number; readonly bytes: number; readonly crc32: number }[];
}

/** SHA-256 by key, in key order. */
export type Checksums = ReadonlyMap<string, string>;

/** Every object of the segments, in key order. */
export function objectsOf(segments: readonly SegmentInfo[]): readonly ExpectedObject[] {
  const objects: ExpectedObject[] = [];
  for (const { scalars, vectors, marks, indexes } of segments) {
    for (const { key, bytes, batches } of [scalars, ...vectors]) objects.push({ key, bytes, parts: batches });
    for (const file of marks === undefined ? indexes : [marks, ...indexes])
      objects.push({
        key: file.key,
        bytes: file.bytes,
        parts: [{ offset: 0, bytes: file.bytes, crc32: file.crc32 }],
      });
  }
  return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/**
 * Copies objects one after another, so that memory for one is enough; those of the same size that are there stay. Resolves with
 * the checksums of the source. Error: Corrupt for an object that is not what the catalogue says.
 */
export async function copyObjects(
  from: ObjectStore,
  to: ObjectStore,
  objects: readonly ExpectedObject[],
  say: Say,
): Promise<Checksums> {
  const there = await sizesOf(to);
  say(`copying ${objects.length} objects, ${mib(objects.reduce((sum, { bytes }) => sum + bytes, 0))}`);
  const checksums = new Map<string, string>();
  const progress = progressOf(objects.length, say);
  for (const object of objects) {
    const content = await read(from, object.key, 'source');
    refuseDamaged(object, content);
    checksums.set(object.key, sha256(content));
    if (there.get(object.key) !== content.length) await to.put(object.key, content);
    progress(content.length);
  }
  return checksums;
}

/** Reads everything again. Error: Corrupt for an object that differs. */
export async function compareObjects(store: ObjectStore, expected: Checksums, say: Say): Promise<void> {
  const progress = progressOf(expected.size, say);
  for (const [key, checksum] of expected) {
    const content = await read(store, key, 'target');
    if (sha256(content) !== checksum) {
      throw new ElanusError('Corrupt', 'an object of the target differs from that of the source; delete it', {
        context: { key },
      });
    }
    progress(content.length);
  }
}

/** One checksum of many. */
export function checksumOf(parts: Iterable<readonly [key: string, value: string | Uint8Array]>): string {
  const hash = createHash('sha256');
  for (const [key, value] of parts) hash.update(`${key} ${value.length} `).update(value);
  return hash.digest('hex');
}

export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

async function sizesOf(store: ObjectStore): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (let afterKey: string | undefined; ; ) {
    const page = await store.list(SEGMENTS_PREFIX, afterKey === undefined ? {} : { afterKey });
    if (page.length === 0) return sizes;
    for (const { key, bytes } of page) sizes.set(key, bytes);
    afterKey = page.at(-1)!.key;
  }
}

async function read(store: ObjectStore, key: string, where: string): Promise<Uint8Array> {
  try {
    return (await store.get(key)).content;
  } catch (caught) {
    if (ElanusError.from(caught).kind !== 'NotFound') throw caught;
    throw new ElanusError('Corrupt', `an object is missing in the ${where}`, {
      context: { key },
      cause: caught,
    });
  }
}

function refuseDamaged({ key, bytes, parts }: ExpectedObject, content: Uint8Array): void {
  if (content.length !== bytes) {
    throw new ElanusError('Corrupt', 'an object of the source has another size than the catalogue says', {
      context: { key, bytes: content.length, expected: bytes },
    });
  }
  for (const part of parts) {
    if (crc32(content.subarray(part.offset, part.offset + part.bytes)) === part.crc32) continue;
    throw new ElanusError('Corrupt', 'an object of the source fails its checksum', {
      context: { key, offset: part.offset, bytes: part.bytes },
    });
  }
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Says how far it is, at most once a second. */
function progressOf(total: number, say: Say): (bytes: number) => void {
  let done = 0;
  let bytesDone = 0;
  let saidMs = performance.now();
  return (bytes) => {
    done++;
    bytesDone += bytes;
    if (performance.now() - saidMs < PROGRESS_MS) return;
    saidMs = performance.now();
    say(`  ${done} of ${total}, ${mib(bytesDone)}`);
  };
}
