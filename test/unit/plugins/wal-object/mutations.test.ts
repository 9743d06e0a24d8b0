import { expect, test } from 'vitest';
import { runCases } from '../../../../conformance/storage/conformanceCase.ts';
import { walConformance } from '../../../../conformance/storage/wal/kit.ts';
import { type Mutation, makeMutant } from '../../../kits/mutants.ts';
import { type OpenObjectWal, simulatedFactory } from './objectWalSubject.ts';
import { storeCases } from './storeCases.ts';

const MUTATIONS: readonly (Mutation & { readonly without: string })[] = [
  { without: 'a fence', mark: 'fence', line: 'return;' },
  { without: 'a fence ahead of a writer under load', mark: 'fence-ahead', line: '' },
  { without: 'the check of terms', mark: 'term-check', line: '' },
  { without: 'knowing its own put again', mark: 'put-id', line: '' },
  { without: 'telling another put from its own', mark: 'put-id', line: 'return undefined;' },
  { without: 'the checksum of records', mark: 'record-crc', line: 'if (at < 0)' },
  { without: 'the checksum of headers', mark: 'header-crc', line: 'if (bytes.length < HEADER_BYTES)' },
  {
    without: 'acknowledging in order',
    mark: 'ack-order',
    line: `for (const upload of this.#uploads.filter((one) => one.isDurable)) {
      this.#uploads.splice(this.#uploads.indexOf(upload), 1);
      this.#acknowledge(upload);
    }`,
  },
  { without: 'keeping fences', mark: 'fence-retention', line: '' },
  { without: 'looking at the cut again', mark: 'cut-check', line: 'return { start, ...walked, cut };' },
  { without: 'a cut that only rises', mark: 'cut-monotone', line: '' },
];

async function failuresOf(mutation: Mutation | undefined): Promise<string[]> {
  const mutant = await makeMutant('src/plugins/wal-object', mutation);
  try {
    const { openObjectWal } = (await mutant.load('objectWal.ts')) as { openObjectWal: OpenObjectWal };
    const factory = simulatedFactory({ open: openObjectWal });
    const even = simulatedFactory({ open: openObjectWal, isEven: true });
    const cases = [...walConformance(factory), ...storeCases(factory), ...storeCases(even, 1)];
    const { failures } = await runCases(cases, { stopAtFailure: mutation !== undefined });
    return failures.map(({ name, error }) => `${name}: ${String(error)}`);
  } finally {
    await mutant.remove();
  }
}

test('the copy without a mutation passes the kit', async () => {
  expect(await failuresOf(undefined)).toEqual([]);
});

test.for(MUTATIONS)('without $without the kit fails', async (mutation) => {
  const failures = await failuresOf(mutation);
  expect(failures).toHaveLength(1);
  console.log(`without ${mutation.without}: ${failures[0]?.slice(0, 200)}`);
});
