import { expect, test } from 'vitest';
import { createLogger } from '../../../../src/server/logging/pinoLogger.ts';
import { Lifecycle } from '../../../../src/server/wiring/lifecycle.ts';

function setUp(): { lifecycle: Lifecycle; lines: string[]; closed: string[] } {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', format: 'json' }, { write: (line) => lines.push(line) });
  return { lifecycle: new Lifecycle(logger), lines, closed: [] };
}

test('lifecycle: closes in reverse order, each part after the one before has closed', async () => {
  const { lifecycle, closed } = setUp();
  for (const name of ['a', 'b', 'c']) {
    await lifecycle.open(
      name,
      () => name,
      async (part) => {
        closed.push(`${part} begins`);
        await Promise.resolve();
        closed.push(`${part} ends`);
      },
    );
  }
  expect(await lifecycle.close()).toEqual([]);
  expect(closed).toEqual(['c begins', 'c ends', 'b begins', 'b ends', 'a begins', 'a ends']);
});

test('lifecycle: a part that hangs or fails → the others close, it is named', async () => {
  const { lifecycle, closed, lines } = setUp();
  await lifecycle.open(
    'first',
    () => 0,
    () => void closed.push('first'),
  );
  await lifecycle.open(
    'hangs',
    () => 0,
    () => new Promise<void>(() => undefined),
    20,
  );
  await lifecycle.open(
    'fails',
    () => 0,
    () => Promise.reject(new Error('disk gone')),
  );
  expect(await lifecycle.close()).toEqual(['fails', 'hangs']);
  expect(closed).toEqual(['first']);
  expect(lines.join('')).toContain('disk gone');
  expect(lines.join('')).toContain('limitMs=20');
});

test('lifecycle: closing twice → once', async () => {
  const { lifecycle, closed } = setUp();
  await lifecycle.open(
    'a',
    () => 0,
    () => void closed.push('a'),
  );
  await Promise.all([lifecycle.close(), lifecycle.close()]);
  expect(closed).toEqual(['a']);
});

test('lifecycle: a part that opens while all is closing → closed again, error Closed', async () => {
  const { lifecycle, closed } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  const opening = lifecycle.open(
    'late',
    () => promise,
    () => void closed.push('late'),
  );
  await lifecycle.close();
  resolve();
  await expect(opening).rejects.toMatchObject({ kind: 'Closed' });
  expect(closed).toEqual(['late']);
});
