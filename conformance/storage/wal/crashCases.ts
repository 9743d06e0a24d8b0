import assert from 'node:assert/strict';
import { seededNumbers } from '../checks.ts';
import type { ConformanceCase } from '../conformanceCase.ts';
import { checkHistory } from './checkHistory.ts';
import { History } from './history.ts';
import { kindOf } from './records.ts';
import type { WalFactory, WalSubject } from './subject.ts';
import { appendTogether, WORKLOADS, type Workload } from './workloads.ts';

/** Stops per workload; they are spread over all its steps. */
const STOPS_MAX = 160;
/** Above every term a workload opens. */
const RECOVERY_TERM = 100;

/** Stops the machine at every store operation of a few workloads, by power loss and by kill. */
export function crashSweepCases(factory: WalFactory, seed: number): ConformanceCase[] {
  return WORKLOADS.flatMap((workload, i) =>
    [true, false].map((powerLost) => ({
      name: `crash: ${powerLost ? 'power lost' : 'killed'} at every step of ${workload.name}`,
      run: () => sweep(factory, workload, powerLost, seed + i * 1_000),
    })),
  );
}

async function sweep(
  factory: WalFactory,
  workload: Workload,
  powerLost: boolean,
  seed: number,
): Promise<void> {
  const steps = await countSteps(factory, workload, seed);
  assert.ok(
    steps > 8,
    `the workload took ${steps} steps: the store under the adapter is not the one with faults`,
  );
  const stride = Math.max(1, steps / STOPS_MAX);
  for (let stop = 0; stop <= steps; stop += stride) {
    const at = Math.floor(stop);
    try {
      await stopAndCheck(factory, workload, powerLost, seed, at);
    } catch (caught) {
      throw new Error(`stopped at step ${at} of ${steps}, seed ${seed}: ${String(caught)}`, {
        cause: caught,
      });
    }
  }
}

async function countSteps(factory: WalFactory, workload: Workload, seed: number): Promise<number> {
  const subject = await factory.open(seed);
  try {
    const before = subject.faults!.steps;
    await workload.run(new History('crash'), subject, seededNumbers(seed));
    return subject.faults!.steps - before;
  } finally {
    await subject.dispose();
  }
}

async function stopAndCheck(
  factory: WalFactory,
  workload: Workload,
  powerLost: boolean,
  seed: number,
  stop: number,
): Promise<void> {
  const subject = await factory.open(seed + stop);
  try {
    const history = new History('crash');
    subject.faults!.stopAfter(stop);
    await runUntilFailure(workload, history, subject, seed);
    await subject.faults!.restart(powerLost);
    const check = stop % 2 === 0 ? recoverAndCheck : openAndCheck;
    await check(history, subject, seededNumbers(seed + stop));
  } finally {
    await subject.dispose();
  }
}

/** The workload ends where the machine stops; whatever it meets there must be a typed error. */
export async function runUntilFailure(
  workload: Workload,
  history: History,
  subject: WalSubject,
  seed: number,
): Promise<void> {
  try {
    await workload.run(history, subject, seededNumbers(seed));
  } catch (caught) {
    assert.ok(
      ['Unavailable', 'Unknown', 'Closed', 'Exhausted', 'Fenced'].includes(kindOf(caught)),
      kindOf(caught),
    );
  }
}

/** Reads, opens, appends, and loses power in between: what was readable once must stay. */
export async function recoverAndCheck(
  history: History,
  subject: WalSubject,
  random: () => number,
): Promise<void> {
  await history.read(await subject.reopen());
  await subject.faults!.restart(true);
  await openAndCheck(history, subject, random);
}

/** As recoverAndCheck, but nothing is read, and no power lost, before the channel is open again. */
export async function openAndCheck(
  history: History,
  subject: WalSubject,
  random: () => number,
): Promise<void> {
  const opened = await subject.reopen();
  const writer = await history.open(opened, RECOVERY_TERM);
  await history.read(opened);
  await subject.faults!.restart(true);
  const wal = await subject.reopen();
  await history.read(wal);
  const second = await history.open(wal, RECOVERY_TERM + 1);
  await appendTogether(history, second, 5, random);
  await history.append(writer, 10);
  await subject.faults!.restart(true);
  const last = await subject.reopen();
  await history.read(last);
  await history.open(last, RECOVERY_TERM + 2);
  await history.read(last);
  const acknowledged = history.appends.filter((append) => append.term === second.term);
  assert.ok(
    acknowledged.every((append) => append.outcome === 'acknowledged'),
    'a recovered log takes appends',
  );
  checkHistory(history);
}

/** For a subject without faults: a crash with appends in flight. */
export function crashInFlightCase(factory: WalFactory, seed: number): ConformanceCase {
  return {
    name: `crash: with appends in flight, seed ${seed}`,
    async run() {
      const subject = await factory.open(seed);
      try {
        await crashInFlight(subject, seededNumbers(seed));
      } finally {
        await subject.dispose();
      }
    },
  };
}

async function crashInFlight(subject: WalSubject, random: () => number): Promise<void> {
  const history = new History('crash');
  let { wal } = subject;
  for (let term = 1; term <= 6; term++) {
    const writer = await history.open(wal, term);
    await appendTogether(history, writer, Math.floor(random() * 10), random);
    const inFlight = appendTogether(history, writer, Math.floor(random() * 20), random);
    await subject.crash!();
    await inFlight;
    wal = await subject.reopen();
    await history.read(wal);
  }
  await history.read(wal);
  checkHistory(history);
}
