import type { IKeyValue } from 'etcd3';
import type { MetaEntry } from '../../core/ports/metaStore.ts';

/** Half open, in etcd's byte order. */
export interface KeyRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

/** Keys of the store as keys of etcd: UTF-8 behind `<prefix>/`. */
export class Keys {
  readonly #prefix: string;
  readonly #prefixBytes: number;

  constructor(prefix: string) {
    this.#prefix = `${prefix}/`;
    this.#prefixBytes = Buffer.byteLength(this.#prefix);
  }

  encode(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  decode(key: Buffer): string {
    return key.toString('utf8', this.#prefixBytes);
  }

  /** A copy, so that it does not keep the whole answer alive. */
  entry({ key, value, mod_revision }: IKeyValue): MetaEntry {
    return { key: this.decode(key), value: new Uint8Array(value), revision: BigInt(mod_revision) };
  }

  /** All keys with `prefix`. */
  range(prefix: string): KeyRange {
    const key = this.encode(prefix);
    const end = Buffer.from(key);
    // No byte of UTF-8 is 0xff, so the last one can be counted up.
    end[end.length - 1]!++;
    return { key, range_end: end };
  }
}

/** `range` without what lies up to `key` (exclusive). */
export function after({ key: start, range_end }: KeyRange, key: Buffer): KeyRange {
  const next = Buffer.concat([key, Buffer.of(0)]);
  return { key: next.compare(start) > 0 ? next : start, range_end };
}
