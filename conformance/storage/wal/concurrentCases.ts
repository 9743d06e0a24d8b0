import type { Wal, WalWriter } from '../../../src/core/ports/wal.ts';
import { checkHistory } from './checkHistory.ts';
import { turns } from './fenceCases.ts';
import { History } from './history.ts';
import { kindOf } from './records.ts';
import type { SubjectCase } from './subject.ts';

const STEPS = 40;

/** Writers that take over from each other, readers and truncation at the same time, each on every one of `walCount` Wals. */
export const concurrentCase = (walCount: number): SubjectCase => [
  'history: appends, reads, take-overs and truncation at once keep the invariants',
  async (subject, random) => {
    const history = new History('c');
    const wals = [subject.wal];
    while (wals.length < walCount) wals.push(await subject.reopen());
    const last = wals.at(-1)!;
    const terms = { highest: 0 };
    await Promise.all([
      ...wals.map((wal) => writes(history, wal, terms, random)),
      ...wals.map((wal) => reads(history, wal, random)),
      truncates(history, last, random),
    ]);
    await history.open(last, terms.highest + 1);
    await history.read(last);
    checkHistory(history);
  },
];

async function writes(
  history: History,
  wal: Wal,
  terms: { highest: number },
  random: () => number,
): Promise<void> {
  let writer: WalWriter | undefined;
  let inFlight: Promise<unknown>[] = [];
  for (let step = 0; step < STEPS; step++) {
    if (writer === undefined || random() < 0.06)
      writer = (await takeOver(history, wal, ++terms.highest)) ?? writer;
    if (writer === undefined) continue;
    inFlight.push(history.append(writer, 4 + Math.floor(random() * 800)));
    if (random() < 0.3) {
      const events = await Promise.all(inFlight);
      if (events.some((event) => (event as { outcome: string }).outcome !== 'acknowledged'))
        writer = undefined;
      inFlight = [];
    }
    await turns(Math.floor(random() * 20));
  }
  await Promise.all(inFlight);
}

async function takeOver(history: History, wal: Wal, term: number): Promise<WalWriter | undefined> {
  try {
    return await history.open(wal, term);
  } catch (caught) {
    if (kindOf(caught) !== 'Fenced') throw caught;
    return undefined;
  }
}

async function reads(history: History, wal: Wal, random: () => number): Promise<void> {
  for (let step = 0; step < STEPS / 2; step++) {
    const known = history.acknowledged;
    const from = random() < 0.5 ? known[Math.floor(random() * known.length)]?.position : undefined;
    try {
      await history.read(wal, from, random() < 0.5);
    } catch (caught) {
      // Truncation may overtake a read.
      if (kindOf(caught) !== 'Truncated' || history.cuts.length === 0) throw caught;
    }
    await turns(Math.floor(random() * 40));
  }
}

async function truncates(history: History, wal: Wal, random: () => number): Promise<void> {
  for (let step = 0; step < 4; step++) {
    await turns(Math.floor(random() * 400));
    const known = history.acknowledged;
    const upTo = known[Math.floor((random() * known.length) / 2)];
    if (upTo !== undefined) await history.truncate(wal, upTo.position);
  }
}
