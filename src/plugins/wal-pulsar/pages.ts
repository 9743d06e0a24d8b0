import type { Admin } from './admin.ts';
import { type Extent, entryAt, entryKey } from './entries.ts';
import type { Patience } from './retry.ts';
import type { Transport } from './transport.ts';

/** Fewer messages are asked for one by one: that is sooner than opening a reader. */
const STREAM_ENTRIES_MIN = 12;
const REQUESTS_AT_ONCE = 8;

export interface EntrySource {
  readonly admin: Admin;
  readonly transport: Transport;
  readonly topic: string;
}

/**
 * The messages with ordinals `from` (inclusive) to `to` (exclusive), which lie in `extent`. What a stream lacks is asked for by
 * its entry: a reader of the native client may lose messages.
 * Errors: NotFound when a ledger or the topic is gone.
 */
export async function fetchEntries(
  { admin, transport, topic }: EntrySource,
  extent: Extent,
  from: number,
  to: number,
  patience: Patience,
): Promise<Buffer[]> {
  const ids = Array.from({ length: to - from }, (_, i) => entryAt(extent, from + i));
  let streamed: ReadonlyMap<string, Buffer> = new Map();
  if (ids.length >= STREAM_ENTRIES_MIN) {
    const after = from === 0 ? undefined : entryAt(extent, from - 1);
    const wanted = { after, last: ids.at(-1)!, count: ids.length };
    streamed = await transport.stream(topic, wanted, patience.signal);
  }
  const found = ids.map((id) => streamed.get(entryKey(id)));
  const missing = [...found.keys()].filter((i) => found[i] === undefined);
  const fetchSome = async (): Promise<void> => {
    for (let i = missing.pop(); i !== undefined; i = missing.pop()) {
      found[i] = await admin.readEntry(topic, ids[i]!, patience);
    }
  };
  await Promise.all(Array.from({ length: Math.min(REQUESTS_AT_ONCE, missing.length) }, fetchSome));
  return found as Buffer[];
}
