import assert from 'node:assert/strict';
import type { MetaCompare, MetaEntry, MetaOperation, MetaStore } from '../../../src/core/ports/metaStore.ts';
import { seededNumbers, text } from '../checks.ts';
import { findViolation, type HistoryCall } from './history.ts';
import { del, put } from './subject.ts';

/** Contents by key, and the revision of the store. */
export interface MetaModel {
  readonly revision: bigint;
  readonly entries: ReadonlyMap<string, { readonly value: string; readonly revision: bigint }>;
}

const EMPTY: MetaModel = { revision: 0n, entries: new Map() };
const CALLERS = 6;
const CALLS_EACH = 16;

/** Runs callers at once on `keys` and checks that their answers fit some order of the calls. */
export async function checkLinearizable(
  store: MetaStore,
  keys: readonly string[],
  seed: number,
): Promise<void> {
  const history: HistoryCall<MetaModel>[] = [];
  let ticks = 0;
  const record = async <Answer>(
    what: string,
    call: () => Promise<Answer>,
    apply: (answer: Answer, state: MetaModel) => MetaModel | undefined,
  ): Promise<Answer> => {
    const calledAt = ticks++;
    const answer = await call();
    history.push({ what, calledAt, answeredAt: ticks++, apply: (state) => apply(answer, state) });
    return answer;
  };
  const callers = Array.from({ length: CALLERS }, (_, caller) =>
    runCaller(store, keys, seed * 101 + caller, record),
  );
  await Promise.all(callers);
  const violation = findViolation(history, EMPTY, keyOf);
  assert.equal(
    violation,
    undefined,
    `seed ${seed}: no order of the calls fits; longest: ${violation?.join(' | ')}`,
  );
}

type Recorder = <Answer>(
  what: string,
  call: () => Promise<Answer>,
  apply: (answer: Answer, state: MetaModel) => MetaModel | undefined,
) => Promise<Answer>;

async function runCaller(
  store: MetaStore,
  keys: readonly string[],
  seed: number,
  record: Recorder,
): Promise<void> {
  const next = seededNumbers(seed);
  const known = new Map<string, bigint>();
  for (let call = 0; call < CALLS_EACH; call++) {
    const key = keys[Math.floor(next() * keys.length)]!;
    const kind = next();
    if (kind < 0.3) {
      const entry = await record(
        `get ${key}`,
        () => store.get(key),
        (answer, state) => (isEntry(state, key, answer) ? state : undefined),
      );
      known.set(key, entry?.revision ?? 0n);
    } else if (kind < 0.45) {
      await record('range', () => store.range(''), rangeFits);
    } else {
      const compares = next() < 0.6 ? [{ key, revision: known.get(key) ?? 0n }] : [];
      const value = `${seed}/${call}`;
      const operations = keys
        .filter(() => next() < 0.5)
        .map((other) => (next() < 0.25 ? del(other) : put(other, value)));
      const what = `txn ${compares.map((c) => `${c.key}=${c.revision}`)} → ${operations.map((o) => `${o.op} ${o.key}`)}`;
      await record(
        what,
        () => store.txn(compares, operations),
        (answer, state) => txnFits(state, compares, operations, answer),
      );
    }
  }
}

function rangeFits(answer: readonly MetaEntry[], state: MetaModel): MetaModel | undefined {
  if (answer.length !== state.entries.size) return undefined;
  return answer.every((entry) => isEntry(state, entry.key, entry)) ? state : undefined;
}

function txnFits(
  state: MetaModel,
  compares: readonly MetaCompare[],
  operations: readonly MetaOperation[],
  answer: { readonly succeeded: boolean; readonly revision: bigint },
): MetaModel | undefined {
  const holds = compares.every(({ key, revision }) => (state.entries.get(key)?.revision ?? 0n) === revision);
  if (holds !== answer.succeeded) return undefined;
  const changes = operations.filter(({ op, key }) => op === 'put' || state.entries.has(key));
  if (!holds || changes.length === 0) return answer.revision >= state.revision ? state : undefined;
  if (answer.revision <= state.revision) return undefined;
  const entries = new Map(state.entries);
  for (const change of changes) {
    if (change.op === 'put')
      entries.set(change.key, { value: text(change.value)!, revision: answer.revision });
    else entries.delete(change.key);
  }
  return { revision: answer.revision, entries };
}

function isEntry(state: MetaModel, key: string, entry: MetaEntry | undefined): boolean {
  const expected = state.entries.get(key);
  return expected?.revision === entry?.revision && expected?.value === text(entry?.value);
}

function keyOf(state: MetaModel): string {
  let key = String(state.revision);
  for (const [name, { revision }] of [...state.entries].sort(([a], [b]) => (a < b ? -1 : 1)))
    key += ` ${name}=${revision}`;
  return key;
}
