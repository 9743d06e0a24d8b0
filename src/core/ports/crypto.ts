/** Checksums and hashes that Node has natively. */
export interface Crypto {
  /** CRC-32 (IEEE, as zlib) of `bytes`, continuing from `seed`. Unsigned. */
  crc32(bytes: Uint8Array, seed?: number): number;
  /** SHA-256, 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
}
