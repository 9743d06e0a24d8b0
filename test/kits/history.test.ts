import { expect, test } from 'vitest';
import { findViolation, type HistoryCall } from '../../conformance/storage/meta/history.ts';

type Call = HistoryCall<number>;

const write = (value: number, calledAt: number, answeredAt: number): Call => ({
  what: `write ${value}`,
  calledAt,
  answeredAt,
  apply: () => value,
});

const read = (value: number, calledAt: number, answeredAt: number): Call => ({
  what: `read ${value}`,
  calledAt,
  answeredAt,
  apply: (state) => (state === value ? state : undefined),
});

const CASES: readonly (readonly [string, readonly Call[], boolean])[] = [
  ['nothing happened', [], true],
  ['one after another', [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)], true],
  [
    'a read beside a write sees the old or the new value',
    [write(1, 0, 9), read(0, 1, 2), read(1, 3, 4)],
    true,
  ],
  ['a stale read after the write was answered', [write(1, 0, 1), read(0, 2, 3)], false],
  ['a read goes back', [write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)], false],
  ['a value that nobody wrote', [write(1, 0, 1), read(7, 2, 3)], false],
  [
    'two readers see two writes in different orders',
    [write(1, 0, 9), write(2, 0, 9), read(1, 10, 11), read(2, 12, 13)],
    false,
  ],
  ['a lost update', [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)], false],
];

for (const [name, calls, linearizable] of CASES) {
  test(`findViolation: ${name} → ${linearizable ? 'an order' : 'none'}`, () => {
    expect(findViolation(calls, 0, String) === undefined).toBe(linearizable);
  });
}
