import type { Wal } from '../../../src/core/ports/wal.ts';
import { closedLoop } from '../closedLoop.ts';
import { type Comparison, compare } from '../comparison.ts';
import { StampedBytes } from '../stampedBytes.ts';
import { CheckedLog } from './checkedLog.ts';
import { PutCounter } from './putCounter.ts';
import type { WalPlace } from './walPlace.ts';

export interface AppendCase {
  /** In names of channels. */
  readonly id: string;
  readonly channels: number;
  readonly recordBytes: number;
  /** Of each channel. */
  readonly inFlight: number;
  readonly rounds: number;
  readonly sliceMs: number;
}

export interface AppendResult extends Comparison {
  /** HTTP PUTs of the adapter for each record it acknowledged. */
  readonly putsPerAppend: number;
}

/** Adapter and bare loop in turns, each on channels of its own; then reads back what the adapter acknowledged. */
export async function compareAppends(place: WalPlace, wal: Wal, one: AppendCase): Promise<AppendResult> {
  const { id, channels, recordBytes, inFlight, rounds, sliceMs } = one;
  const payload = new StampedBytes(recordBytes);
  const names = Array.from({ length: channels }, (_, i) => `${id}-${i}`);
  const logs: CheckedLog[] = [];
  for (const [owner, name] of names.entries())
    logs.push(new CheckedLog(await wal.open(name, 1), owner, payload));
  const bareLogs = await Promise.all(names.map((name) => place.openBare(name)));
  const slots = Array.from({ length: channels * inFlight }, () => payload.make());
  const puts = new PutCounter();
  const comparison = await compare(
    {
      adapter: (durationMs) =>
        puts.during(() =>
          closedLoop(slots.length, durationMs, (slot) => logs[slot % channels]!.append(slots[slot]!)),
        ),
      bare: (durationMs) =>
        closedLoop(slots.length, durationMs, async (slot) => {
          await bareLogs[slot % channels]!.append(slots[slot]!);
          return recordBytes;
        }),
    },
    rounds,
    sliceMs,
  );
  for (const bare of bareLogs) await bare.close();
  let appends = 0;
  for (const log of logs) {
    appends += log.acknowledged;
    await log.closeWriter();
    await log.check(wal);
    await log.discard(wal);
  }
  return { ...comparison, putsPerAppend: puts.count / appends };
}
