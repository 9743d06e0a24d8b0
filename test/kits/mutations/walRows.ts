import type { ConformanceCase } from '../../../conformance/storage/conformanceCase.ts';
import { walConformance } from '../../../conformance/storage/wal/kit.ts';
import { type OpenObjectWal, simulatedFactory } from '../../unit/plugins/wal-object/objectWalSubject.ts';
import { storeCases } from '../../unit/plugins/wal-object/storeCases.ts';
import { type OpenFileWal, simulatedDiskFactory } from '../fileWalSubject.ts';
import type { Mutant, Mutation } from '../mutants.ts';
import { mutantRow } from './row.ts';

const OF_FILES: Readonly<Record<string, Mutation>> = {
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

const OF_OBJECTS: Readonly<Record<string, Mutation>> = {
  'a fence': { mark: 'fence', line: 'return;' },
  'a fence ahead of a writer under load': { mark: 'fence-ahead', line: '' },
  'the check of terms': { mark: 'term-check', line: '' },
  'knowing its own put again': { mark: 'put-id', line: '' },
  'telling another put from its own': { mark: 'put-id', line: 'return undefined;' },
  'the checksum of records': { mark: 'record-crc', line: 'if (at < 0)' },
  'the checksum of headers': { mark: 'header-crc', line: 'if (bytes.length < HEADER_BYTES)' },
  'acknowledging in order': {
    mark: 'ack-order',
    line: `for (const upload of this.#uploads.filter((one) => one.isDurable)) {
      this.#uploads.splice(this.#uploads.indexOf(upload), 1);
      this.#acknowledge(upload);
    }`,
  },
  'keeping fences': { mark: 'fence-retention', line: '' },
  'looking at the cut again': { mark: 'cut-check', line: 'return { start, ...walked, cut };' },
  'a cut that only rises': { mark: 'cut-monotone', line: '' },
};

async function casesOnFiles({ load }: Mutant): Promise<readonly ConformanceCase[]> {
  const { openFileWal } = (await load('fileWal.ts')) as { openFileWal: OpenFileWal };
  return walConformance(simulatedDiskFactory(openFileWal));
}

/** With those that only a log of objects could get wrong. */
async function casesOnObjects({ load }: Mutant): Promise<readonly ConformanceCase[]> {
  const { openObjectWal: open } = (await load('objectWal.ts')) as { openObjectWal: OpenObjectWal };
  const factory = simulatedFactory({ open });
  return [
    ...walConformance(factory),
    ...storeCases(factory),
    ...storeCases(simulatedFactory({ open, isEven: true }), 1),
  ];
}

const ADAPTERS = [
  { adapter: 'wal-file', mutations: OF_FILES, casesOf: casesOnFiles },
  { adapter: 'wal-object', mutations: OF_OBJECTS, casesOf: casesOnObjects },
] as const;

export const WAL_ROWS = ADAPTERS.flatMap(({ mutations, ...one }) =>
  Object.entries(mutations).map(([lacks, change]) => mutantRow({ port: 'wal', ...one, lacks, change })),
);
export const WAL_WHOLE = ADAPTERS.map(({ adapter, casesOf }) =>
  mutantRow({ port: 'wal', adapter, casesOf, lacks: 'nothing', change: undefined }),
);
