import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { elanusError, text, utf8 } from '../checks.ts';

/**
 * One of several processes on one store: `racingWriter.ts <module> <location> <name>`. For each line on stdin it creates the object
 * of that name, as the others do at that moment, and counts another one up; it answers `won` or `lost`. Ends with stdin.
 */
const [module, location, name] = process.argv.slice(2) as [string, string, string];
const { openStore } = (await import(module)) as { openStore(location: string): Promise<ObjectStore> };
const store = await openStore(location);
writeSync(1, 'ready\n');
for await (const key of createInterface({ input: process.stdin })) {
  const hasWon = await succeeds('AlreadyExists', () => store.putIfAbsent(key, utf8(name)));
  await increment(store);
  writeSync(1, hasWon ? 'won\n' : 'lost\n');
}
await store.close();

async function increment(store: ObjectStore): Promise<void> {
  for (;;) {
    const { content, version } = await store.get('count');
    const next = utf8(String(Number(text(content)) + 1));
    if (await succeeds('Conflict', () => store.putIfMatch('count', next, version))) return;
  }
}

async function succeeds(loserKind: string, run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (caught) {
    if (elanusError(caught).kind !== loserKind) throw caught;
    return false;
  }
}
