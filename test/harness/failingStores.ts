import type { Wal, WalWriter } from '../../src/core/ports/wal.ts';
import type { Stores } from './roles.ts';

/** Called before every call to a store with its name and first argument; waits, or throws to make it fail. */
export type Fault = (call: string, key: string) => void | Promise<void>;

/** `stores` whose calls go through `faults.fault`, which a test may change at any time. */
export function failing(stores: Stores, faults: { fault: Fault }): Stores {
  const before = async (call: string, key: unknown): Promise<void> => {
    await faults.fault(call, typeof key === 'string' ? key : '');
  };
  return {
    meta: watched(stores.meta, 'meta', before),
    objects: watched(stores.objects, 'object', before),
    wal: watchedWal(stores.wal, before),
  };
}

type Before = (call: string, key: unknown) => Promise<void>;

function watched<Store extends object>(store: Store, name: string, before: Before): Store {
  return new Proxy(store, {
    get(target, property) {
      const value = Reflect.get(target, property) as unknown;
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        await before(`${name}.${String(property)}`, args[0]);
        return value.apply(target, args) as unknown;
      };
    },
  });
}

function watchedWal(wal: Wal, before: Before): Wal {
  const writer = (inner: WalWriter): WalWriter => ({
    channel: inner.channel,
    term: inner.term,
    append: async (record) => {
      await before('wal.append', inner.channel);
      return inner.append(record);
    },
    close: () => inner.close(),
  });
  return {
    recordBytesMax: wal.recordBytesMax,
    open: async (channel, term, signal) => writer(await wal.open(channel, term, signal)),
    read: (channel, from, options) => wal.read(channel, from, options),
    tail: (channel, from, signal) => wal.tail(channel, from, signal),
    truncate: (channel, upTo) => wal.truncate(channel, upTo),
    info: (channel) => wal.info(channel),
    close: () => wal.close(),
  };
}

/** A door that calls wait at while it is shut. */
export class Door {
  #open: (() => void) | undefined;
  #opened: Promise<void> = Promise.resolve();
  waiting = 0;

  shut(): void {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open?.();
    this.#opened = Promise.resolve();
  }

  async pass(): Promise<void> {
    this.waiting++;
    await this.#opened;
    this.waiting--;
  }
}
