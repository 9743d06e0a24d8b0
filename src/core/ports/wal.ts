/**
 * The write-ahead log: one ordered log of records a channel, one writer a term.
 *
 * Invariants every adapter holds (the kit in conformance/storage/wal checks them):
 * I1  an acknowledged record is readable with the same bytes until truncated
 * I2  readers see a prefix, without gaps, in order; positions strictly increase
 * I3  what was read once stays there (until truncated)
 * I4  nothing of term t is readable after a later term opened the channel, except what was sealed into it at that moment;
 *     every acknowledgement by t is of a record before that seal
 * I5  acknowledgements come in position order; one implies that all earlier records of the writer are durable
 * I6  no position is used again, after truncation, crash and reopening too
 * I7  read from p gives the exact suffix, inclusive or exclusive; a position survives being stored as bytes
 * I8  an append whose outcome is unknown happened whole or not at all
 * I9  truncate is idempotent and monotone and removes nothing after `upTo`
 * I10 reading has no effect on the log
 * I11 every call ends in bounded time: result, typed error, or abort
 * I12 size limits and back-pressure are typed errors
 */
export interface Wal {
  /** Largest record in bytes that append takes; a larger one fails with TooLarge and changes nothing. */
  readonly recordBytesMax: number;
  /**
   * Takes the channel over for `term` (≥ 1): fences every lower term durably, cuts an unfinished tail, then resolves.
   * Errors: Fenced (a term ≥ `term` already opened it), Corrupt (names file and offset), Unavailable, Exhausted, Closed.
   */
  open(channel: string, term: number, signal?: AbortSignal): Promise<WalWriter>;
  /**
   * Records after `from` (exclusive unless `inclusive`), from the first readable one if undefined, up to the end at the
   * time of the call. `record` is a view that is valid until the next step of the iteration.
   * Errors: Truncated (context `first`) when `from` lies below the first readable position; Corrupt with file and offset.
   */
  read(channel: string, from: WalPosition | undefined, options?: WalReadOptions): AsyncIterable<WalEntry>;
  /** As `read`, then goes on with new durable records until `signal` fires. */
  tail(channel: string, from: WalPosition | undefined, signal: AbortSignal): AsyncIterable<WalEntry>;
  /** Gives up records up to and including `upTo`; space may be freed later and in larger pieces. */
  truncate(channel: string, upTo: WalPosition): Promise<void>;
  info(channel: string): Promise<WalInfo>;
  close(): Promise<void>;
}

export interface WalWriter {
  readonly channel: string;
  readonly term: number;
  /**
   * Appends one record; resolves when it is durable, not when it is queued. Many may be in flight; they become durable
   * and resolve in call order, and the adapter batches them.
   * Owner:   `record` (1..recordBytesMax bytes) is the adapter's until the promise settles.
   * Errors:  Fenced or Closed (this writer never succeeds again), TooLarge (nothing happened), Exhausted (no space;
   *          nothing happened, later appends may succeed), Unknown (may have happened; the writer is dead).
   */
  append(record: Uint8Array): Promise<WalPosition>;
  /** Waits for what is in flight, then closes. */
  close(): Promise<void>;
}

/** Opaque, ordered by memcmp, at most 64 bytes; may be stored and parsed again. */
export type WalPosition = Uint8Array;

export interface WalEntry {
  readonly position: WalPosition;
  readonly record: Uint8Array;
  readonly term: number;
}

export interface WalReadOptions {
  readonly inclusive?: boolean;
  readonly signal?: AbortSignal;
}

export interface WalInfo {
  /** First and last readable record; undefined when there is none. */
  readonly first: WalPosition | undefined;
  readonly last: WalPosition | undefined;
  /** Highest term that opened the channel; 0 = never opened. */
  readonly term: number;
  /** Bytes on the store that truncation could still free. */
  readonly retainedBytes: number;
}

export function compareWalPositions(a: WalPosition, b: WalPosition): number {
  const length = a.length < b.length ? a.length : b.length;
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
