import type { Column } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import { wordsOf } from '../segment/keyOrder.ts';

/**
 * Routing hashes are a storage format: rows lie where these functions sent them, so they never change.
 *
 * Hash: MurmurHash3 x86 32-bit. An int64 is hashed as its 8 little-endian bytes, a VarChar as its UTF-8 bytes.
 * Shard of a row: hash(primary key, SHARD_SEED) mod number of vchannels, in the order of CollectionInfo.vchannels.
 * Partition of a row: hash(partition key, PARTITION_SEED) mod number of partitions, in ascending order of partitionId.
 */
export const SHARD_SEED = 0x656c616e;
export const PARTITION_SEED = 0x70617274;

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** Unsigned 32-bit hashes of all rows of a key column (Int64 or VarChar). */
export function hashKeys(keys: Column, seed: number): Uint32Array {
  const hashes = new Uint32Array(keys.rows);
  if (keys.kind === 'bytes') {
    for (let row = 0; row < keys.rows; row++) {
      hashes[row] = murmur3(keys.bytes, keys.offsets[row]!, keys.offsets[row + 1]!, seed);
    }
    return hashes;
  }
  assert(keys.kind === 'fixed' && keys.values instanceof BigInt64Array, 'a key column is Int64 or VarChar');
  const words = wordsOf(keys.values);
  for (let row = 0; row < keys.rows; row++) {
    hashes[row] = finish(mixBlock(mixBlock(seed | 0, words[2 * row]!), words[2 * row + 1]!), 8);
  }
  return hashes;
}

/** MurmurHash3 x86 32-bit of bytes [start, end), unsigned. */
export function murmur3(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed | 0;
  const tail = start + ((end - start) & ~3);
  for (let i = start; i < tail; i += 4) {
    hash = mixBlock(hash, bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
  }
  let block = 0;
  for (let i = end - 1; i >= tail; i--) block = (block << 8) | bytes[i]!;
  if (tail < end) hash ^= mixWord(block);
  return finish(hash, end - start);
}

function mixWord(word: number): number {
  const mixed = Math.imul(word, C1);
  return Math.imul((mixed << 15) | (mixed >>> 17), C2);
}

function mixBlock(hash: number, word: number): number {
  const mixed = hash ^ mixWord(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number, length: number): number {
  let mixed = hash ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
