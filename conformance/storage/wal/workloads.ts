import type { Wal, WalWriter } from '../../../src/core/ports/wal.ts';
import type { AppendEvent, History } from './history.ts';
import type { WalSubject } from './subject.ts';

/** Something to do while faults happen. Every call may fail; what was begun is awaited before it returns. */
export interface Workload {
  readonly name: string;
  run(history: History, subject: WalSubject, random: () => number): Promise<void>;
}

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'appends one by one',
    async run(history, subject, random) {
      const writer = await history.open(subject.wal, 1);
      for (let i = 0; i < 8; i++) await history.append(writer, sizeOf(random));
    },
  },
  {
    name: 'appends in flight over several files',
    async run(history, subject, random) {
      const writer = await history.open(subject.wal, 1);
      for (let round = 0; round < 4; round++) await appendTogether(history, writer, 9, random);
      await history.read(subject.wal);
      await appendTogether(history, writer, 4, random);
    },
  },
  {
    name: 'take-overs',
    async run(history, subject, random) {
      const first = await history.open(subject.wal, 1);
      await appendTogether(history, first, 3, random);
      const late = history.append(first, 600);
      const second = await history.open(await subject.reopen(), 2);
      await Promise.all([late, history.append(first, 50)]);
      await appendTogether(history, second, 3, random);
      const third = await history.open(subject.wal, 4);
      await appendTogether(history, third, 12, random);
      await third.close();
      await history.read(subject.wal);
    },
  },
  {
    name: 'truncation',
    async run(history, subject, random) {
      const { wal } = subject;
      const writer = await history.open(wal, 1);
      const events = await appendTogether(history, writer, 20, random);
      await cutAt(history, wal, events[7]);
      await cutAt(history, wal, events[15]);
      const next = await history.open(wal, 2);
      const later = await appendTogether(history, next, 6, random);
      await cutAt(history, wal, later[2]);
      await history.append(next, 100);
    },
  },
];

function sizeOf(random: () => number): number {
  return 4 + Math.floor(random() * (random() < 0.1 ? 3_000 : 700));
}

export function appendTogether(
  history: History,
  writer: WalWriter,
  count: number,
  random: () => number,
): Promise<AppendEvent[]> {
  return Promise.all(Array.from({ length: count }, () => history.append(writer, sizeOf(random))));
}

async function cutAt(history: History, wal: Wal, event: AppendEvent | undefined): Promise<void> {
  if (event?.outcome === 'acknowledged') await history.truncate(wal, event.position);
}
