import { writeSync } from 'node:fs';
import type { MetaOperation, MetaStore } from '../../../src/core/ports/metaStore.ts';

/**
 * The process that a durable case kills: `crashWriter.ts <module> <location> <first number>` opens the store and lets
 * callers write txns for ever, printing the number of each when it is acknowledged.
 */
export const KEYS_EACH = 5;
export const LEASED_PREFIX = 'leased/';
const CALLERS = 8;

export function keyOfWrite(number: number, part: number): string {
  return `write/${part}/${number}`;
}

if (import.meta.main) await main();

async function main(): Promise<void> {
  const [module, location, first] = process.argv.slice(2) as [string, string, string];
  const { openStore } = (await import(module)) as { openStore(location: string): Promise<MetaStore> };
  const store = await openStore(location);
  const { leaseId } = await store.lease(3_600_000);
  let number = Number(first);
  const caller = async (): Promise<never> => {
    for (;;) {
      const own = number++;
      const leased: MetaOperation = {
        op: 'put',
        key: `${LEASED_PREFIX}${own % 50}`,
        value: fillValue(own),
        leaseId,
      };
      await store.txn([{ key: keyOfWrite(own, 0), revision: 0n }], [...putsOf(own), leased]);
      writeSync(1, `${own}\n`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

function putsOf(number: number): MetaOperation[] {
  return Array.from({ length: KEYS_EACH }, (_, part) => ({
    op: 'put',
    key: keyOfWrite(number, part),
    value: fillValue(number),
  }));
}

/** The number, a zero, and filling that makes txns of many sizes. */
function fillValue(number: number): Uint8Array {
  return new TextEncoder().encode(`${number}\0${'x'.repeat((number * 37) % 3_000)}`);
}
