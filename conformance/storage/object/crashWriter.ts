import { writeSync } from 'node:fs';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { patternBytes } from '../checks.ts';

/**
 * The process that a durable case kills: `crashWriter.ts <module> <location> <first number>` opens the store and lets
 * callers write objects for ever, printing the number of each when it is acknowledged.
 */
export const SLOTS = 7;
const CALLERS = 8;

/** Numbers divisible by 3 replace the object of a slot, the others create one of their own. */
export function keyOfWrite(number: number): string {
  return number % 3 === 0 ? `slots/${number % SLOTS}` : `new/${number % 10}/${number}`;
}

/** Starts with the number as 8 bytes little-endian, which name the rest. */
export function contentOf(number: number): Uint8Array {
  const content = patternBytes(8 + ((number * 7_919) % 300_000), number);
  new DataView(content.buffer).setFloat64(0, number, true);
  return content;
}

if (import.meta.main) await main();

async function main(): Promise<void> {
  const [module, location, first] = process.argv.slice(2) as [string, string, string];
  const { openStore } = (await import(module)) as { openStore(location: string): Promise<ObjectStore> };
  const store = await openStore(location);
  let number = Number(first);
  const caller = async (): Promise<never> => {
    for (;;) {
      const own = number++;
      const key = keyOfWrite(own);
      if (own % 3 === 0) await store.put(key, contentOf(own));
      else await store.putIfAbsent(key, contentOf(own));
      writeSync(1, `${own}\n`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}
