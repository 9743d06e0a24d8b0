import assert from 'node:assert/strict';
import { text, utf8 } from '../../../../conformance/storage/checks.ts';
import { findViolation, type HistoryCall } from '../../../../conformance/storage/meta/history.ts';
import { ElanusError, type ErrorKind } from '../../../../src/core/domain/errors.ts';
import type { MetaEntry, MetaStore } from '../../../../src/core/ports/metaStore.ts';

/** Text of the key's value, '' = absent. */
type State = string;

/** With these nothing has happened. */
const HARMLESS: readonly ErrorKind[] = ['Unavailable', 'Timeout'];

/**
 * Writes down what callers read and compare-and-set through MetaStores that may fail, and checks that it is linearizable.
 * What ended in Unknown may have happened at any time since, or never; what ended in Unavailable or Timeout did not happen;
 * other errors fail the test. Every value is written by one call only, so that a revision stands for a value. Keys are
 * checked one by one.
 */
export class CasHistory {
  readonly #calls = new Map<string, HistoryCall<State>[]>();
  readonly #uncertain: { readonly key: string; readonly after: State; readonly call: HistoryCall<State> }[] =
    [];
  readonly #read = new Set<State>();
  #ticks = 0;
  #values = 0;
  answered = 0;
  unknown = 0;

  /** Reads a key and replaces what it found, `times` times over. */
  async work(store: MetaStore, keys: readonly string[], times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      const key = keys[time % keys.length]!;
      const seen = await this.#get(store, key);
      if (seen !== undefined) await this.#swap(store, key, seen);
    }
  }

  check(): void {
    assert.ok(this.answered > 0, 'calls were answered');
    // A value that nobody read was not replaced either: whether it was ever there makes no difference.
    for (const { key, after, call } of this.#uncertain.splice(0))
      if (this.#read.has(after)) this.#of(key).push(call);
    for (const [key, calls] of this.#calls) {
      const violation = findViolation<State>(calls, '', String);
      const longest = violation?.slice(-30).join(' | ');
      assert.equal(
        violation,
        undefined,
        `${key}: no order of ${calls.length} calls fits, it ends: ${longest}`,
      );
    }
  }

  async #get(store: MetaStore, key: string): Promise<{ entry: MetaEntry | undefined } | undefined> {
    const calledAt = this.#ticks++;
    const seen = await settled(store.get(key));
    if ('error' in seen) return undefined;
    const value = text(seen.answer?.value) ?? '';
    this.#read.add(value);
    this.#add(key, `read ${value}`, calledAt, (state) => (state === value ? state : undefined));
    return { entry: seen.answer };
  }

  async #swap(store: MetaStore, key: string, { entry }: { entry: MetaEntry | undefined }): Promise<void> {
    const before = text(entry?.value) ?? '';
    const after = String(++this.#values);
    const calledAt = this.#ticks++;
    const compare = { key, revision: entry?.revision ?? 0n };
    const done = await settled(store.txn([compare], [{ op: 'put', key, value: utf8(after) }]));
    const what = `${before} → ${after}`;
    if ('answer' in done) {
      const { succeeded } = done.answer;
      this.#add(key, `${what}: ${succeeded}`, calledAt, (state) => {
        if ((state === before) !== succeeded) return undefined;
        return succeeded ? after : state;
      });
    } else if (done.error === 'Unknown') {
      this.unknown++;
      const call = {
        what: `${what}: unknown`,
        calledAt,
        answeredAt: Number.POSITIVE_INFINITY,
        apply: (state: State) => (state === before ? after : undefined),
      };
      this.#uncertain.push({ key, after, call });
    }
  }

  #add(key: string, what: string, calledAt: number, apply: (state: State) => State | undefined): void {
    this.answered++;
    this.#of(key).push({ what, calledAt, answeredAt: this.#ticks++, apply });
  }

  #of(key: string): HistoryCall<State>[] {
    const known = this.#calls.get(key);
    if (known !== undefined) return known;
    const calls: HistoryCall<State>[] = [];
    this.#calls.set(key, calls);
    return calls;
  }
}

async function settled<Answer>(
  call: Promise<Answer>,
): Promise<{ readonly answer: Answer } | { readonly error: ErrorKind }> {
  try {
    return { answer: await call };
  } catch (caught) {
    if (!(caught instanceof ElanusError)) throw caught;
    if (caught.kind !== 'Unknown' && !HARMLESS.includes(caught.kind)) throw caught;
    return { error: caught.kind };
  }
}
