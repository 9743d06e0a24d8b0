import { ElanusError } from '../../src/core/domain/errors.ts';
import type { Wal, WalWriter } from '../../src/core/ports/wal.ts';
import type { Stores } from './roles.ts';

/** How the call that crashes ends: it never reached the store, or it took effect and its reply was lost. */
export type CrashMoment = 'before' | 'after';

/**
 * Counts every call to the stores; the process "dies" at call number `crashAt` (from 1): it and all later calls reject.
 */
export class CrashPoint {
  calls = 0;
  crashed = false;
  /** What each call was, for messages. */
  readonly trace: string[] = [];
  readonly #crashAt: number;
  readonly #moment: CrashMoment;

  constructor(crashAt: number, moment: CrashMoment) {
    this.#crashAt = crashAt;
    this.#moment = moment;
  }

  async run<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
    if (this.crashed) throw gone();
    this.calls++;
    this.trace.push(what);
    if (this.calls !== this.#crashAt) {
      const result = await call();
      if (this.crashed) throw gone();
      return result;
    }
    this.crashed = true;
    if (this.#moment === 'after') await call();
    throw gone();
  }

  /** The process dies now. */
  kill(): void {
    this.crashed = true;
  }

  alive(): void {
    if (this.crashed) throw gone();
  }
}

function gone(): ElanusError {
  return new ElanusError('Closed', 'the process has died');
}

/** `stores` with every call counted. Reads count too: a process may die while it reads. */
export function crashing(stores: Stores, point: CrashPoint): Stores {
  return {
    meta: counted(stores.meta, 'meta', point),
    objects: counted(stores.objects, 'object', point),
    wal: crashingWal(stores.wal, point),
  };
}

/** Calls that return a promise are counted by their name. */
function counted<Store extends object>(store: Store, name: string, point: CrashPoint): Store {
  return new Proxy(store, {
    get(target, property) {
      const value = Reflect.get(target, property) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        point.run(`${name}.${String(property)} ${typeof args[0] === 'string' ? args[0] : ''}`, () =>
          Promise.resolve(value.apply(target, args)),
        );
    },
  });
}

function crashingWal(wal: Wal, point: CrashPoint): Wal {
  return {
    recordBytesMax: wal.recordBytesMax,
    open: async (channel, term) =>
      crashingWriter(await point.run(`wal.open ${channel}`, () => wal.open(channel, term)), point),
    async *read(channel, from, options) {
      for await (const entry of wal.read(channel, from, options)) {
        point.alive();
        yield entry;
      }
    },
    tail: (channel, from, signal) => wal.tail(channel, from, signal),
    truncate: (channel, upTo) => point.run(`wal.truncate ${channel}`, () => wal.truncate(channel, upTo)),
    info: (channel) => wal.info(channel),
    close: () => wal.close(),
  };
}

function crashingWriter(writer: WalWriter, point: CrashPoint): WalWriter {
  return {
    channel: writer.channel,
    term: writer.term,
    append: (record) => point.run(`wal.append ${writer.channel}`, () => writer.append(record)),
    close: () => writer.close(),
  };
}
