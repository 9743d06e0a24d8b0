import { writeSync } from 'node:fs';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { keyOfWrite, putsOf } from './crashWrites.ts';

/**
 * The process that a durable case kills: `crashWriter.ts <module> <location> <first number> <ttlMs>` opens the store and lets
 * callers write txns for ever, printing the number of each when it is acknowledged.
 */
const CALLERS = 8;

const [module, location, first, ttlMs] = process.argv.slice(2) as [string, string, string, string];
const { openStore } = (await import(module)) as { openStore(location: string): Promise<MetaStore> };
const store = await openStore(location);
const { leaseId } = await store.lease(Number(ttlMs));
let number = Number(first);

async function caller(): Promise<never> {
  for (;;) {
    const own = number++;
    await store.txn([{ key: keyOfWrite(own, 0), revision: 0n }], putsOf(own, leaseId));
    writeSync(1, `${own}\n`);
  }
}

await Promise.all(Array.from({ length: CALLERS }, caller));
