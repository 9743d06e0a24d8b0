import { expect, test } from 'vitest';
import { ManualClock } from '../../../../src/plugins/memory/manualClock.ts';

test('ManualClock: advance → sleepers wake in order of their time and see it', async () => {
  const clock = new ManualClock(1_000);
  const woken: [string, number][] = [];
  const sleeper = async (name: string, delayMs: number): Promise<void> => {
    await clock.sleep(delayMs);
    woken.push([name, clock.nowMs()]);
  };
  void sleeper('late', 50);
  void sleeper('early', 10);
  void sleeper('beyond', 101);
  await clock.advance(100);
  expect(woken).toEqual([
    ['early', 1_010],
    ['late', 1_050],
  ]);
  expect([clock.nowMs(), clock.monotonicMs(), clock.sleeping]).toEqual([1_100, 1_100, 1]);
});

test('ManualClock: a woken sleeper sleeps again within the step → wakes in the same step', async () => {
  const clock = new ManualClock(0);
  const ticks: number[] = [];
  void (async () => {
    for (;;) {
      await clock.sleep(10);
      ticks.push(clock.nowMs());
    }
  })();
  await clock.advance(35);
  expect(ticks).toEqual([10, 20, 30]);
});

test('ManualClock: the signal fires before or during the sleep → Closed, and nobody is left', async () => {
  const clock = new ManualClock();
  await expect(clock.sleep(10, AbortSignal.abort())).rejects.toMatchObject({ kind: 'Closed' });
  const stop = new AbortController();
  const sleeping = clock.sleep(10, stop.signal);
  stop.abort();
  await expect(sleeping).rejects.toMatchObject({ kind: 'Closed' });
  expect(clock.sleeping).toBe(0);
});

test('ManualClock: negative delay → Invalid', async () => {
  await expect(new ManualClock().sleep(-1)).rejects.toMatchObject({ kind: 'Invalid' });
});
