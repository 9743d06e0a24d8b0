import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';

/** What can be done without the adapter, by the client package or by calls of the file system. One attempt a call. */
export interface BareObjects {
  put(key: string, bytes: Uint8Array): Promise<unknown>;
  putIfAbsent(key: string, bytes: Uint8Array): Promise<unknown>;
  get(key: string): Promise<Uint8Array>;
  getRange(key: string, offset: number, length: number): Promise<Uint8Array>;
  /** Keys, sizes and times of at most 1,000 objects. */
  list(prefix: string): Promise<number>;
  delete(key: string): Promise<unknown>;
}

/** A server that runs, with one empty bucket for both sides. */
export interface ObjectPlace {
  readonly bare: BareObjects;
  /** The adapter; whoever calls this closes it. */
  openStore(): Promise<ObjectStore>;
  /** Stops the server and drops the data. */
  close(): Promise<void>;
}

export interface ObjectServer {
  readonly name: string;
  readonly bareName: string;
  whyNot(): string | undefined;
  /** `folder`: for data of a place without a server. */
  open(folder: string): Promise<ObjectPlace>;
}
