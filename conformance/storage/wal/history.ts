import type { Wal, WalPosition, WalWriter } from '../../../src/core/ports/wal.ts';
import { hexOf, kindOf, makeRecord, positionOf, readAll, type SeenEntry } from './records.ts';

export type AppendOutcome = 'pending' | 'acknowledged' | 'refused' | 'unknown';

export interface AppendEvent {
  readonly id: number;
  readonly writer: number;
  readonly term: number;
  outcome: AppendOutcome;
  /** Why it was not acknowledged. */
  kind: string;
  position: string;
  /** When the outcome was known, on the history's own clock. */
  endedAt: number;
}

export interface ReadEvent {
  readonly from: string | undefined;
  readonly inclusive: boolean;
  readonly wal: Wal;
  readonly entries: readonly SeenEntry[];
  readonly startedAt: number;
  readonly endedAt: number;
}

/** These errors say that the append did not happen. */
const REFUSED_KINDS: readonly string[] = ['TooLarge', 'Exhausted', 'Invalid'];

/** Calls a log and writes down when each call began, ended, and how. Time is a counter. */
export class History {
  readonly channel: string;
  readonly appends: AppendEvent[] = [];
  readonly reads: ReadEvent[] = [];
  /** Terms whose open succeeded, with the time. */
  readonly opens: { readonly term: number; readonly endedAt: number }[] = [];
  /** Truncation points from the moment the call began. */
  readonly cuts: { readonly upTo: string; readonly startedAt: number }[] = [];
  readonly #writers = new Map<WalWriter, number>();
  #time = 0;
  #nextId = 1;

  constructor(channel: string) {
    this.channel = channel;
  }

  get acknowledged(): AppendEvent[] {
    return this.appends.filter((append) => append.outcome === 'acknowledged');
  }

  async open(wal: Wal, term: number): Promise<WalWriter> {
    const writer = await wal.open(this.channel, term);
    this.opens.push({ term, endedAt: ++this.#time });
    this.#writers.set(writer, this.#writers.size);
    return writer;
  }

  /** Never rejects: what happened is in the event. */
  async append(writer: WalWriter, bytes: number): Promise<AppendEvent> {
    const event: AppendEvent = {
      id: this.#nextId++,
      writer: this.#writers.get(writer) ?? -1,
      term: writer.term,
      outcome: 'pending',
      kind: '',
      position: '',
      endedAt: 0,
    };
    this.appends.push(event);
    try {
      event.position = hexOf(await writer.append(makeRecord(event.id, bytes)));
      event.outcome = 'acknowledged';
    } catch (caught) {
      event.kind = kindOf(caught);
      event.outcome = REFUSED_KINDS.includes(event.kind) ? 'refused' : 'unknown';
    }
    event.endedAt = ++this.#time;
    return event;
  }

  async read(wal: Wal, from?: string, inclusive = false): Promise<readonly SeenEntry[]> {
    const startedAt = ++this.#time;
    const entries = await readAll(wal, this.channel, from, { inclusive });
    this.reads.push({ from, inclusive, wal, entries, startedAt, endedAt: ++this.#time });
    return entries;
  }

  async truncate(wal: Wal, upTo: string): Promise<void> {
    this.cuts.push({ upTo, startedAt: ++this.#time });
    const position: WalPosition = positionOf(upTo);
    await wal.truncate(this.channel, position);
  }

  /** The highest truncation point asked for until `time`; '' = none. */
  cutAt(time: number): string {
    let highest = '';
    for (const { upTo, startedAt } of this.cuts) if (startedAt <= time && upTo > highest) highest = upTo;
    return highest;
  }
}
