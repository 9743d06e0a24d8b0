import { writeSync } from 'node:fs';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { contentOf, keyOfWrite } from './crashWrites.ts';

/**
 * The process that a durable case kills: `crashWriter.ts <module> <location> <first number>` opens the store and lets
 * callers write objects for ever, printing the number of each when it is acknowledged.
 */
const CALLERS = 8;

const [module, location, first] = process.argv.slice(2) as [string, string, string];
const { openStore } = (await import(module)) as { openStore(location: string): Promise<ObjectStore> };
const store = await openStore(location);
let number = Number(first);

async function caller(): Promise<never> {
  for (;;) {
    const own = number++;
    if (own % 3 === 0) await store.put(keyOfWrite(own), contentOf(own));
    else await store.putIfAbsent(keyOfWrite(own), contentOf(own));
    writeSync(1, `${own}\n`);
  }
}

await Promise.all(Array.from({ length: CALLERS }, caller));
