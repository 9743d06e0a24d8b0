import assert from 'node:assert/strict';
import type { Wal } from '../../../src/core/ports/wal.ts';
import { seededNumbers } from '../checks.ts';
import type { ConformanceCase } from '../conformanceCase.ts';
import { openAndCheck, recoverAndCheck, runUntilFailure } from './crashCases.ts';
import { History } from './history.ts';
import { kindOf, type SeenEntry, seen } from './records.ts';
import type { WalFactory, WalSubject } from './subject.ts';
import { appendTogether, WORKLOADS, type Workload } from './workloads.ts';

const FLIPS = 60;

/** Errors of the store: failed syncs, no space, short writes, flipped bits. */
export function faultCases(factory: WalFactory, seed: number): ConformanceCase[] {
  const withSubject = (
    name: string,
    run: (subject: WalSubject, caseSeed: number) => Promise<void>,
    times: number,
  ) => ({
    name,
    async run() {
      for (let i = 0; i < times; i++) {
        const subject = await factory.open(seed + i);
        try {
          await run(subject, seed + i);
        } catch (caught) {
          throw new Error(`seed ${seed + i}: ${String(caught)}`, { cause: caught });
        } finally {
          await subject.dispose();
        }
      }
    },
  });
  return [
    ...WORKLOADS.map((workload) =>
      withSubject(`fault: each sync in turn fails during ${workload.name}`, failedSync(workload, seed), 24),
    ),
    withSubject('fault: a failed sync ends the writer, and its appends are Unknown', failedSyncEndsWriter, 1),
    withSubject('fault: no space is Exhausted, leaves nothing, and passes', noSpace, 40),
    withSubject('fault: no space during open is Exhausted, and a later open succeeds', noSpaceToOpen, 8),
    ...WORKLOADS.map((workload) =>
      withSubject(`fault: short writes during ${workload.name}`, shortWrites(workload), 8),
    ),
    withSubject('fault: a flipped bit in a log that was killed is met or named', flipInOpenLog, FLIPS),
    withSubject('fault: a flipped bit below a seal is met, never cut', flipBelowSeal, FLIPS),
  ];
}

function failedSync(workload: Workload, firstSeed: number) {
  return async (subject: WalSubject, seed: number): Promise<void> => {
    const history = new History('crash');
    subject.faults!.failSyncAfter(seed - firstSeed);
    await runUntilFailure(workload, history, subject, seed);
    subject.faults!.failSyncAfter(undefined);
    // After a failed sync memory may hold what the disk does not: only opening tells what remains.
    await openAndCheck(history, subject, seededNumbers(seed));
  };
}

async function failedSyncEndsWriter(subject: WalSubject, seed: number): Promise<void> {
  const history = new History('crash');
  const random = seededNumbers(seed);
  const writer = await history.open(subject.wal, 1);
  await appendTogether(history, writer, 3, random);
  subject.faults!.failSyncAfter(0);
  const [first] = await appendTogether(history, writer, 3, random);
  assert.equal(first?.kind, 'Unknown');
  assert.equal((await history.append(writer, 10)).kind, 'Closed');
  await writer.close();
  await recoverAndCheck(history, subject, random);
}

async function noSpace(subject: WalSubject, seed: number): Promise<void> {
  const history = new History('crash');
  const random = seededNumbers(seed);
  const writer = await history.open(subject.wal, 1);
  await appendTogether(history, writer, 5, random);
  subject.faults!.limitSpace(Math.floor(random() * 6_000));
  let refused = 0;
  for (let i = 0; i < 12; i++) {
    const events = await appendTogether(history, writer, 1 + Math.floor(random() * 4), random);
    for (const event of events) {
      assert.ok(
        event.outcome === 'acknowledged' || event.kind === 'Exhausted',
        `append ended with ${event.kind}`,
      );
      if (event.kind === 'Exhausted') refused++;
    }
    await history.read(subject.wal);
  }
  assert.ok(refused > 0, 'no append met the limit');
  subject.faults!.limitSpace(undefined);
  const after = await history.append(writer, 300);
  assert.equal(after.outcome, 'acknowledged', `after space was freed: ${after.kind}`);
  await recoverAndCheck(history, subject, random);
}

async function noSpaceToOpen(subject: WalSubject, seed: number): Promise<void> {
  const history = new History('crash');
  const random = seededNumbers(seed);
  await appendTogether(history, await history.open(subject.wal, 1), 5, random);
  subject.faults!.limitSpace(Math.floor(random() * 90));
  await assert.rejects(history.open(subject.wal, 2), (caught) => kindOf(caught) === 'Exhausted');
  subject.faults!.limitSpace(undefined);
  const writer = await history.open(subject.wal, 3);
  assert.equal((await history.append(writer, 300)).outcome, 'acknowledged');
  await recoverAndCheck(history, subject, random);
}

function shortWrites(workload: Workload) {
  return async (subject: WalSubject, seed: number): Promise<void> => {
    const history = new History('crash');
    subject.faults!.shortenWrites();
    await workload.run(history, subject, seededNumbers(seed));
    const isFine = (kind: string): boolean => kind === '' || kind === 'Fenced' || kind === 'Unknown';
    assert.ok(
      history.appends.every((append) => isFine(append.kind)),
      'a short write is no failure',
    );
    await recoverAndCheck(history, subject, seededNumbers(seed));
  };
}

/** Only the last acknowledged record can look like an unfinished one; then the log must say what it cut. */
async function flipInOpenLog(subject: WalSubject, seed: number): Promise<void> {
  const random = seededNumbers(seed);
  const history = new History('flip');
  const writer = await history.open(subject.wal, 1);
  for (let i = 0; i < 12; i++) await history.append(writer, 4 + Math.floor(random() * 900));
  await subject.faults!.restart(false);
  const where = subject.faults!.flipBit(random);
  const wal = await subject.reopen();
  const before = await readPrefix(history, wal, where);
  assert.ok(
    before.isCorrupt || before.lost <= 1,
    `${where}: ${before.lost} records are missing and nothing was said`,
  );
  let openKind = '';
  try {
    await wal.open('flip', 2);
  } catch (caught) {
    openKind = kindOf(caught);
    requireNamesPlace(caught);
  }
  assert.ok(openKind === '' || openKind === 'Corrupt', `${where}: open failed with ${openKind}`);
  const after = await readPrefix(history, wal, where);
  if (after.isCorrupt || after.lost === 0) return;
  assert.equal(after.lost, 1, `${where}: ${after.lost} records were cut`);
  const named = subject.faults!.warnings.some((warning) =>
    ['file', 'offset', 'bytes'].every((key) => warning.includes(`"${key}"`)),
  );
  assert.ok(named, `${where}: a record was cut and no warning names file, offset and bytes`);
}

async function flipBelowSeal(subject: WalSubject, seed: number): Promise<void> {
  const random = seededNumbers(seed);
  const history = new History('flip');
  const other = new History('other');
  for (let term = 1; term <= 3; term++) {
    const writer = await history.open(subject.wal, term);
    await appendTogether(history, writer, 8, random);
    await appendTogether(other, await other.open(subject.wal, term), 3, random);
  }
  await subject.wal.close();
  const where = subject.faults!.flipBit(random);
  const wal = await subject.reopen();
  const results = [await readPrefix(history, wal, where), await readPrefix(other, wal, where)];
  for (const result of results)
    assert.ok(result.isCorrupt || result.lost === 0, `${where}: ${result.lost} records are missing`);
  assert.ok(results.filter((result) => result.isCorrupt).length <= 1, `${where}: one bit broke two channels`);
}

/** Reads until the end or Corrupt: never a wrong byte, never a gap. */
async function readPrefix(
  history: History,
  wal: Wal,
  where: string,
): Promise<{ lost: number; isCorrupt: boolean }> {
  const entries: SeenEntry[] = [];
  let isCorrupt = false;
  try {
    for await (const entry of wal.read(history.channel, undefined)) entries.push(seen(entry));
  } catch (caught) {
    assert.equal(kindOf(caught), 'Corrupt', `${where}: the read failed with ${String(caught)}`);
    requireNamesPlace(caught);
    isCorrupt = true;
  }
  const expected = history.acknowledged.map(({ position, id, term }) => ({ position, id, term }));
  assert.deepEqual(entries, expected.slice(0, entries.length), `${where}: the read is no prefix`);
  return { lost: expected.length - entries.length, isCorrupt };
}

function requireNamesPlace(caught: unknown): void {
  const context = (caught as { context?: Record<string, unknown> }).context ?? {};
  const names = typeof context.file === 'string' && typeof context.offset === 'number';
  assert.ok(names, `the error names no file and offset: ${String(caught)}`);
}
