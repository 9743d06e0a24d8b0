import type { EntryId } from './entries.ts';

/** How messages go to and from the brokers. Topics are names without tenant and namespace. */
export interface Transport {
  /**
   * Begins to write to a topic. Not as Pulsar's exclusive producer: making one changes the topic's metadata, and a broker
   * that is asked to end the topic at that moment is left with a state that it refuses to work on.
   * Errors: Fenced (the topic is sealed), NotFound, Unavailable.
   */
  publish(topic: string): Promise<Publisher>;
  /**
   * Reads ahead: what came of the messages `wanted`, by `entryKey`. It may lack some, where the transport loses them or
   * gives up waiting; it never rejects and ends in bounded time.
   */
  stream(topic: string, wanted: Wanted, signal: AbortSignal): Promise<ReadonlyMap<string, Buffer>>;
  close(): Promise<void>;
}

export interface Publisher {
  /**
   * Resolves when `data` is durable. Several may be in flight; they become durable in call order, and a copy of one that
   * was sent again, after a broken connection, may follow.
   * Errors: Fenced (the topic is sealed), TooLarge (nothing happened), Unknown (may have happened), Closed.
   */
  send(data: Buffer): Promise<void>;
  /** What is in flight fails. Never rejects. */
  close(): Promise<void>;
}

/** A row of messages. */
export interface Wanted {
  /** The message before the first; undefined = from the beginning of the topic. */
  readonly after: EntryId | undefined;
  readonly last: EntryId;
  readonly count: number;
}

/** No message for so long while some are awaited: what streamed until now must do. */
export const STREAM_STALL_MS = 5_000;
