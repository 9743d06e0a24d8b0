/**
 * Immutable objects by key. Keys are `/`-separated segments of [A-Za-z0-9._-], 1..512 bytes, no segment `.` or `..`
 * or longer than 255 bytes; no key is a folder of another (`a` and `a/b`).
 *
 * Promises:
 * 1. A returned put is durable (power loss) and visible to every reader at once; a half-written object is never seen.
 * 2. putIfAbsent has exactly one winner among racers, across processes.
 * 3. A version (an ETag) names one content of one key.
 *
 * Errors: NotFound, AlreadyExists (putIfAbsent), Conflict (putIfMatch), Invalid (key, range), Exhausted (no space),
 * Unavailable, Timeout, Unknown (the put may have happened), Corrupt, Closed.
 */
export interface ObjectStore {
  /** Creates or replaces. `bytes` may be reused after the promise settles. */
  put(key: string, bytes: Uint8Array): Promise<ObjectVersion>;
  putIfAbsent(key: string, bytes: Uint8Array): Promise<ObjectVersion>;
  /** Replaces the content named by `version`; Conflict when it is another one or the key is gone. */
  putIfMatch(key: string, bytes: Uint8Array, version: ObjectVersion): Promise<ObjectVersion>;
  get(key: string): Promise<ObjectContent>;
  /** Reads [offset, offset + length) into `into` at 0 (which may be shared memory); exactly that many bytes. */
  getRange(key: string, offset: number, length: number, into: Uint8Array): Promise<void>;
  head(key: string): Promise<ObjectInfo>;
  /** Keys that start with `prefix`, in byte order, after `afterKey` (exclusive), at most `limit` (default 1,000). */
  list(
    prefix: string,
    options?: { readonly afterKey?: string; readonly limit?: number },
  ): Promise<readonly ObjectInfo[]>;
  /** Deleting what is absent succeeds. */
  delete(key: string): Promise<void>;
  close(): Promise<void>;
}

export type ObjectVersion = string;

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly version: ObjectVersion;
  /** Wall time of the last put. */
  readonly modifiedMs: number;
}

export interface ObjectContent extends ObjectInfo {
  readonly content: Uint8Array;
}
