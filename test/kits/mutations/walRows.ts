import { walConformance } from '../../../conformance/storage/wal/kit.ts';
import { type OpenFileWal, simulatedDiskFactory } from '../fileWalSubject.ts';
import { type Mutation, makeMutant } from '../mutants.ts';
import { firstFailureOf, type MutationRow } from './row.ts';

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'the sync of data': { mark: 'data-sync', line: 'await Promise.resolve();' },
  'the checksum of records': { mark: 'crc-check', line: '' },
  'cutting an unfinished tail': { mark: 'tail-cut', line: 'const bytes = sizeBytes;' },
  'the check of terms': { mark: 'term-check', line: '' },
  'verifying what is acknowledged': { mark: 'verify', line: 'return true;' },
  'acknowledging in order': {
    mark: 'ack-order',
    line: 'for (let i = count - 1; i >= 0; i--) batch[i]!.resolve(positions[i]!);',
  },
  'the sync of the folder': { mark: 'directory-sync', line: 'await Promise.resolve(fs);' },
  'writing a cut tail again': { mark: 'tail-rewrite', line: '' },
  'voiding what others wrote': { mark: 'void-others', line: '' },
  'looking behind a bad frame': { mark: 'look-behind', line: '' },
};

function row(lacks: string, mutation: Mutation | undefined): MutationRow {
  return {
    port: 'wal',
    adapter: 'wal-file',
    lacks,
    async firstFailure() {
      const mutant = await makeMutant('src/plugins/wal-file', mutation);
      try {
        const { openFileWal } = (await mutant.load('fileWal.ts')) as { openFileWal: OpenFileWal };
        return await firstFailureOf(walConformance(simulatedDiskFactory(openFileWal)));
      } finally {
        await mutant.remove();
      }
    },
  };
}

export const WAL_ROWS = Object.entries(MUTATIONS).map(([lacks, mutation]) => row(lacks, mutation));
export const WAL_WHOLE = [row('nothing', undefined)];
