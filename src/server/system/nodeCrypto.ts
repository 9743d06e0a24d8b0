import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Crypto } from '../../core/ports/crypto.ts';

export class NodeCrypto implements Crypto {
  crc32(bytes: Uint8Array, seed = 0): number {
    return crc32(bytes, seed);
  }

  sha256(bytes: Uint8Array): Uint8Array {
    return hash('sha256', bytes, 'buffer');
  }
}
