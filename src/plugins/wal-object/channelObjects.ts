import { hash } from 'node:crypto';
import { ElanusError } from '../../core/domain/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ObjectInfo, ObjectStore } from '../../core/ports/objectStore.ts';
import type { Random } from '../../core/ports/random.ts';
import { type Block, checkSpot, parseBlock } from './block.ts';
import type { WalObjectConfig } from './config.ts';
import { corrupt, isKind, mayPass, unknown } from './errors.ts';
import { CHANNEL_HASH_BYTES, HEADER_BYTES, headerObject, type ObjectHeader, parseHeader } from './header.ts';
import { objectKey, type Spot } from './names.ts';

export interface StoreParts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: WalObjectConfig;
}

const DELAY_FACTOR_MAX = 16;

/**
 * The objects of one channel. Calls that got no answer are tried again: all of them may be repeated, a put because the id
 * in its object tells whose it is. Errors: NotFound, Corrupt and Unsupported where objects are read; those of the store.
 */
export class ChannelObjects {
  readonly name: string;
  readonly folder: string;
  readonly hash: Uint8Array;
  readonly #parts: StoreParts;

  constructor(name: string, parts: StoreParts) {
    this.name = name;
    this.folder = `${parts.config.prefix}/${name}`;
    this.hash = hash('sha256', name, 'buffer').subarray(0, CHANNEL_HASH_BYTES);
    this.#parts = parts;
  }

  newPutId(): string {
    return this.#parts.random.uuid().replaceAll('-', '');
  }

  list(prefix: string, afterKey: string | undefined, limit: number): Promise<readonly ObjectInfo[]> {
    const options = afterKey === undefined ? { limit } : { afterKey, limit };
    return this.#retry(() => this.#parts.store.list(prefix, options));
  }

  readBlock(spot: Spot): Promise<Block> {
    const key = objectKey(this.folder, spot);
    return this.#retry(async () => {
      const { content } = await this.#parts.store.get(key);
      return parseBlock(content, this.hash, spot, key);
    });
  }

  readHeader(spot: Spot): Promise<ObjectHeader> {
    return this.#retry(() => this.#readHeader(spot));
  }

  exists(spot: Spot): Promise<boolean> {
    return this.#retry(async () => {
      try {
        await this.#parts.store.head(objectKey(this.folder, spot));
        return true;
      } catch (caught) {
        if (isKind(caught, 'NotFound')) return false;
        throw caught;
      }
    });
  }

  delete(key: string): Promise<void> {
    return this.#retry(() => this.#parts.store.delete(key));
  }

  /** Runs `action`, which may use the store and may be repeated. */
  withStore<T>(action: (store: ObjectStore) => Promise<T>): Promise<T> {
    return this.#retry(() => action(this.#parts.store));
  }

  /** As `place`, for an object that is a header alone. */
  placeHeader(header: ObjectHeader): Promise<ObjectHeader | undefined> {
    return this.place(header, header.putId, headerObject(this.hash, header));
  }

  /**
   * Puts an object where nothing is. Undefined: it is there, by this try or by an earlier one whose answer was lost; else
   * what is there instead. Errors: Exhausted (nothing happened, nor will), Unknown, Corrupt, Closed.
   */
  async place(spot: Spot, putId: string, bytes: Uint8Array): Promise<ObjectHeader | undefined> {
    let tries = 0;
    try {
      return await this.#retry(async () => {
        tries++;
        try {
          await this.#parts.store.putIfAbsent(objectKey(this.folder, spot), bytes);
          return undefined;
        } catch (caught) {
          if (!isKind(caught, 'AlreadyExists')) throw caught;
        }
        const there = await this.#readHeader(spot);
        // @mutation put-id
        if (there.putId === putId) return undefined;
        return there;
      });
    } catch (caught) {
      const error = ElanusError.from(caught);
      // An earlier try may still arrive.
      if (mayPass(error) || (tries > 1 && error.kind === 'Exhausted')) throw unknown(error);
      throw error;
    }
  }

  async #readHeader(spot: Spot): Promise<ObjectHeader> {
    const key = objectKey(this.folder, spot);
    const bytes = new Uint8Array(HEADER_BYTES);
    try {
      await this.#parts.store.getRange(key, 0, HEADER_BYTES, bytes);
    } catch (caught) {
      throw isKind(caught, 'Invalid') ? corrupt(key, 0, 'it ends within its header') : caught;
    }
    return checkSpot(parseHeader(bytes, this.hash, key), spot, key);
  }

  async #retry<T>(action: () => Promise<T>): Promise<T> {
    const { clock, random, config } = this.#parts;
    for (let tries = 0; ; tries++) {
      try {
        return await action();
      } catch (caught) {
        if (tries === config.retriesMax || !mayPass(ElanusError.from(caught))) throw caught;
      }
      const factor = Math.min(2 ** tries, DELAY_FACTOR_MAX);
      await clock.sleep(config.retryDelayMs * factor * (0.5 + random.next() / 2));
    }
  }
}
