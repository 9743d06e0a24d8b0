import assert from 'node:assert/strict';
import { seededNumbers } from '../../../../conformance/storage/checks.ts';
import type { ConformanceCase } from '../../../../conformance/storage/vitestBinding.ts';
import { checkHistory } from '../../../../conformance/storage/wal/checkHistory.ts';
import { SLEEPER_CASE, TRUNCATIONS_CASE, turns } from '../../../../conformance/storage/wal/fenceCases.ts';
import { History } from '../../../../conformance/storage/wal/history.ts';
import type { WalFactory } from '../../../../conformance/storage/wal/kit.ts';
import { makeRecord } from '../../../../conformance/storage/wal/records.ts';
import { caseOf, type SubjectCase } from '../../../../conformance/storage/wal/subject.ts';
import { appendTogether } from '../../../../conformance/storage/wal/workloads.ts';

const SEEDS_DEFAULT = 24;
const ROUNDS = 6;
const RESTLESS_APPENDS_MAX = 2_000;

/** Cases beyond the kit's: what only a log of objects that are deleted and put again could get wrong. */
export function storeCases(factory: WalFactory, seeds = SEEDS_DEFAULT): ConformanceCase[] {
  return CASES.flatMap(([name, run]) =>
    Array.from({ length: seeds }, (_, seed) =>
      caseOf(factory, [`${name}, seed ${seed}`, run], seed, seededNumbers(seed)),
    ),
  );
}

const CASES: readonly SubjectCase[] = [
  SLEEPER_CASE,
  TRUNCATIONS_CASE,
  [
    'take-overs and reads while everything is truncated under them keep the invariants',
    async (subject, random) => {
      const history = new History('a');
      let writer = await history.open(subject.wal, 1);
      for (let term = 2; term <= 2 * ROUNDS; term++) {
        const events = await appendTogether(history, writer, 6, random);
        const upTo = events.findLast(({ outcome }) => outcome === 'acknowledged')!.position;
        const [wal, reader] = [await subject.reopen(), await subject.reopen()];
        const reading = turns(Math.floor(random() * 60)).then(() =>
          history.read(reader).catch(expectTruncated),
        );
        const cutting = turns(Math.floor(random() * 200)).then(() => history.truncate(subject.wal, upTo));
        const old = writer;
        writer = await history.open(wal, term);
        // What a reader of the new term sees does not depend on what it knew of the old one.
        const appended = await appendTogether(history, writer, 2, random);
        assert.ok(appended.every(({ outcome }) => outcome === 'acknowledged'));
        await Promise.all([cutting, reading]);
        assert.equal((await history.append(old, 20)).kind, 'Fenced');
      }
      await history.read(await subject.reopen());
      checkHistory(history);
    },
  ],
  [
    'a take-over from a writer that never rests comes to an end',
    async (subject, random) => {
      const history = new History('a');
      const writer = await history.open(subject.wal, 1);
      let isOver = false;
      const restless = Array.from({ length: 8 }, async () => {
        while (!isOver && history.appends.length < RESTLESS_APPENDS_MAX) {
          const { outcome } = await history.append(writer, 200 + Math.floor(random() * 800));
          if (outcome !== 'acknowledged') return;
        }
      });
      while (history.acknowledged.length < 20)
        await new Promise<void>((resolve) => process.nextTick(resolve));
      const next = await history.open(await subject.reopen(), 2);
      isOver = true;
      await Promise.all(restless);
      assert.ok(history.appends.length < RESTLESS_APPENDS_MAX, 'the take-over ended before the writer did');
      assert.equal((await history.append(next, 100)).outcome, 'acknowledged');
      assert.equal((await history.append(writer, 100)).kind, 'Fenced');
      await history.open(subject.wal, 3);
      await history.read(subject.wal);
      checkHistory(history);
    },
  ],
  [
    'a full store with uploads in flight refuses, and goes on behind a skip when there is room again',
    async (subject, random) => {
      const history = new History('a');
      const writer = await history.open(subject.wal, 1);
      for (let round = 0; round < ROUNDS; round++) {
        subject.faults!.limitSpace(Math.floor(random() * 4000));
        const events = await appendTogether(history, writer, 20, random);
        assert.ok(events.every(({ kind }) => kind === '' || kind === 'Exhausted'));
        if (round % 2 === 0) subject.faults!.limitSpace(undefined);
        const { kind } = await history.append(writer, 40);
        assert.ok(kind === '' || (kind === 'Exhausted' && round % 2 === 1), kind);
        await history.read(await subject.reopen());
      }
      subject.faults!.limitSpace(undefined);
      const known = history.acknowledged;
      await history.truncate(subject.wal, known[Math.floor(random() * known.length)]!.position);
      await history.open(await subject.reopen(), 2);
      assert.equal(
        (await writer.append(makeRecord(0, 9)).catch((caught) => caught.kind)) as string,
        'Fenced',
      );
      await history.read(await subject.reopen());
      checkHistory(history);
    },
  ],
];

function expectTruncated(caught: { kind?: string }): void {
  assert.equal(caught.kind, 'Truncated');
}
