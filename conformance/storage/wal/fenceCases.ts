import assert from 'node:assert/strict';
import type { Wal } from '../../../src/core/ports/wal.ts';
import { fails } from '../checks.ts';
import { checkHistory } from './checkHistory.ts';
import { History } from './history.ts';
import { kindOf, positionOf } from './records.ts';
import type { SubjectCase } from './subject.ts';
import { appendTogether } from './workloads.ts';

const RACERS = 6;
const SLEEPERS = 6;

/** What a later term forgot of an earlier one must not let its writer in again. */
export const SLEEPER_CASE: SubjectCase = [
  'a writer that slept through take-overs and truncation is Fenced, and nothing of it is read',
  async (subject, random) => {
    const history = new History('a');
    const sleepers = [await history.open(subject.wal, 1)];
    for (let term = 2; term <= SLEEPERS; term++) {
      await appendTogether(history, sleepers.at(-1)!, 1 + Math.floor(random() * 5), random);
      sleepers.push(await history.open(await subject.reopen(), term));
    }
    const [last] = await appendTogether(history, sleepers.pop()!, 3, random);
    await history.truncate(subject.wal, last!.position);
    for (const sleeper of sleepers) {
      // What became of the first ones may lie behind the truncation, where nobody can see it any more.
      const events = await appendTogether(history, sleeper, 3, random);
      for (const { kind } of events) assert.ok(['Fenced', 'Unknown'].includes(kind), kind);
      const { kind } = await history.append(sleeper, 20);
      assert.ok(['Fenced', 'Closed'].includes(kind), kind);
    }
    await history.open(await subject.reopen(), SLEEPERS + 1);
    await history.read(await subject.reopen());
    checkHistory(history);
  },
];

/** By several processes, each of which knows only its own. */
export const TRUNCATIONS_CASE: SubjectCase = [
  'truncations at once leave the highest',
  async (subject, random) => {
    const history = new History('a');
    const writer = await history.open(subject.wal, 1);
    const events = await appendTogether(history, writer, 30, random);
    const wals = await Promise.all(Array.from({ length: 4 }, () => subject.reopen()));
    await Promise.all(
      wals.map((wal) => history.truncate(wal, events[Math.floor(random() * events.length)]!.position)),
    );
    const highest = history.cutAt(Number.POSITIVE_INFINITY);
    const { first } = await subject.wal.info('a');
    const next = events.find(({ position }) => position > highest)?.position;
    assert.equal(first && Buffer.from(first).toString('hex'), next);
    await fails('Truncated', () =>
      subject.wal.read('a', positionOf(highest), { inclusive: true })[Symbol.asyncIterator]().next(),
    );
  },
];

/** Two writers and more on one channel at the same time, each in a Wal of its own. */
export const FENCE_CASES: readonly SubjectCase[] = [
  [
    'race: of writers that open one term, one wins',
    async (subject) => {
      const wals = await Promise.all(Array.from({ length: RACERS }, () => subject.reopen()));
      for (let term = 1; term <= 5; term++) {
        const kinds = await Promise.all(wals.map((wal) => outcome(wal.open('a', term))));
        assert.equal(kinds.filter((kind) => kind === 'open').length, 1, `term ${term}: ${kinds.join()}`);
        assert.equal(
          kinds.filter((kind) => kind === 'Fenced').length,
          RACERS - 1,
          `term ${term}: ${kinds.join()}`,
        );
      }
    },
  ],
  [
    'race: of writers that open rising terms, the highest wins and all others are Fenced',
    async (subject) => {
      const history = new History('a');
      const wals = await Promise.all(Array.from({ length: RACERS }, () => subject.reopen()));
      for (let round = 0; round < 5; round++) {
        const highest = (round + 1) * RACERS;
        const fates = await Promise.all(
          wals.map(async (wal, i) => {
            try {
              const writer = await history.open(wal, round * RACERS + i + 1);
              await Promise.all([history.append(writer, 20), history.append(writer, 200)]);
              return writer;
            } catch (caught) {
              assert.equal(kindOf(caught), 'Fenced');
              return undefined;
            }
          }),
        );
        for (const writer of fates) {
          if (writer === undefined) continue;
          const last = await history.append(writer, 30);
          assert.equal(
            last.outcome === 'acknowledged',
            writer.term === highest,
            `term ${writer.term}: ${last.kind}`,
          );
        }
        assert.equal(fates.at(-1)?.term, highest);
      }
      await history.read(subject.wal);
      checkHistory(history);
    },
  ],
  [
    'race: a writer under load is superseded, again and again, and loses nothing acknowledged',
    async (subject, random) => {
      const history = new History('a');
      const inFlight: Promise<unknown>[] = [];
      let writer = await history.open(subject.wal, 1);
      for (let term = 2; term < 20; term++) {
        for (let i = 0; i < 5; i++) inFlight.push(history.append(writer, 8 + Math.floor(random() * 700)));
        await turns(Math.floor(random() * 60));
        for (let i = 0; i < 3; i++) inFlight.push(history.append(writer, 8 + Math.floor(random() * 700)));
        const next: Wal = term % 3 === 0 ? subject.wal : await subject.reopen();
        const old = writer;
        writer = await history.open(next, term);
        inFlight.push(history.append(old, 10));
        await history.read(next);
      }
      await Promise.all(inFlight);
      await history.read(subject.wal);
      checkHistory(history);
    },
  ],
  SLEEPER_CASE,
  TRUNCATIONS_CASE,
];

/** Take-overs that overtake each other: the ends they fix must agree, whichever of them readers go by. */
export const OVERTAKING_CASE: SubjectCase = [
  'race: take-overs overtake each other under load, and no reader sees a record that goes away',
  async (subject, random) => {
    const history = new History('a');
    const wals = [subject.wal, await subject.reopen()];
    const inFlight: Promise<unknown>[] = [];
    let isOver = false;
    const readers = wals.map(async (wal) => {
      while (!isOver) {
        await history.read(wal);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    let term = 0;
    for (let round = 0; round < 12; round++) {
      const first = await history.open(wals[round % 2]!, ++term);
      for (let i = 0; i < 4; i++) inFlight.push(history.append(first, 8 + Math.floor(random() * 1500)));
      const racers = [];
      for (let i = 0; i < 5; i++) {
        racers.push(outcome(history.open(wals[(round + i + 1) % 2]!, ++term)));
        await turns(Math.floor(random() * 40));
        inFlight.push(history.append(first, 8 + Math.floor(random() * 1500)));
      }
      for (const kind of await Promise.all(racers)) assert.ok(['open', 'Fenced'].includes(kind), kind);
    }
    await Promise.all(inFlight);
    isOver = true;
    await Promise.all(readers);
    await history.open(subject.wal, ++term);
    await history.read(subject.wal);
    checkHistory(history);
  },
];

async function outcome(opening: Promise<unknown>): Promise<string> {
  try {
    await opening;
    return 'open';
  } catch (caught) {
    return kindOf(caught);
  }
}

/** Lets other work go on for a while that the seed decides. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}
