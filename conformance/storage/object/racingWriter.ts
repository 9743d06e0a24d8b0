import { writeSync } from 'node:fs';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { elanusError, text, utf8 } from '../checks.ts';

/**
 * One of several processes on one store: `racingWriter.ts <module> <location> <name> <rounds>` waits for a line on stdin,
 * then creates objects that the others create too and counts one object up. Prints `won <round>` for each it created.
 */
await main();

async function main(): Promise<void> {
  const [module, location, name, rounds] = process.argv.slice(2) as [string, string, string, string];
  const { openStore } = (await import(module)) as { openStore(location: string): Promise<ObjectStore> };
  const store = await openStore(location);
  writeSync(1, 'ready\n');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  process.stdin.destroy();
  for (let round = 0; round < Number(rounds); round++) {
    if (await succeeds('AlreadyExists', () => store.putIfAbsent(`created/${round}`, utf8(name)))) {
      writeSync(1, `won ${round}\n`);
    }
    await increment(store);
  }
  await store.close();
}

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
