import { readdirSync } from 'node:fs';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import { openStore } from '../../../kits/fsSubject.ts';

/** Runs under a limit of the file size: tries objects beyond it, then one below it; prints what came of it. */
const root = process.argv[2]!;
const store = await openStore(root);
const large = new Uint8Array(1_000_000);
const version = await store.put('small', new Uint8Array(10));
const kinds: string[] = [];
for (const attempt of [
  () => store.put('a/large', large),
  () => store.putIfAbsent('large', large),
  () => store.putIfMatch('small', large, version),
]) {
  try {
    await attempt();
  } catch (caught) {
    kinds.push(ElanusError.from(caught).kind);
  }
}
await store.put('small', new Uint8Array(20));
await store.close();
process.stdout.write(JSON.stringify({ kinds, files: readdirSync(root, { recursive: true }).sort() }));
