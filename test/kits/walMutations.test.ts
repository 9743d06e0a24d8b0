import { expect, test } from 'vitest';
import { runConformance, walConformance } from '../../conformance/storage/wal/kit.ts';
import { type OpenFileWal, simulatedDiskFactory } from './fileWalSubject.ts';
import { type Mutation, makeMutant } from './mutants.ts';

const MUTATIONS: readonly Mutation[] = [
  { mark: 'data-sync', line: 'await Promise.resolve();' },
  { mark: 'crc-check', line: '' },
  { mark: 'tail-cut', line: 'const bytes = sizeBytes;' },
  { mark: 'term-check', line: '' },
  { mark: 'verify', line: 'return true;' },
  { mark: 'ack-order', line: 'for (let i = count - 1; i >= 0; i--) batch[i]!.resolve(positions[i]!);' },
  { mark: 'directory-sync', line: 'await Promise.resolve(fs);' },
  { mark: 'tail-rewrite', line: '' },
  { mark: 'void-others', line: '' },
  { mark: 'look-behind', line: '' },
];

async function failuresOf(mutation: Mutation | undefined): Promise<string[]> {
  const mutant = await makeMutant('src/plugins/wal-file', mutation);
  try {
    const { openFileWal } = (await mutant.load('fileWal.ts')) as { openFileWal: OpenFileWal };
    const kit = walConformance(simulatedDiskFactory(openFileWal));
    const { failures } = await runConformance(kit, { stopAtFailure: mutation !== undefined });
    return failures.map(({ name, error }) => `${name}: ${String(error)}`);
  } finally {
    await mutant.remove();
  }
}

test('the copy without a mutation passes the kit', async () => {
  expect(await failuresOf(undefined)).toEqual([]);
});

test.for(MUTATIONS)('without $mark the kit fails', async (mutation) => {
  const failures = await failuresOf(mutation);
  expect(failures).toHaveLength(1);
  console.log(`without ${mutation.mark}: ${failures[0]?.slice(0, 160)}`);
});
