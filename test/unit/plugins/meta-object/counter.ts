import { text, utf8 } from '../../../../conformance/storage/checks.ts';
import { openStore } from './subject.ts';

/** `counter.ts <folder> <times>`: counts the key `count` up, with retry, beside other processes. */
const [folder, times] = process.argv.slice(2) as [string, string];
const store = await openStore(folder);
for (let done = 0; done < Number(times); ) {
  const { value, revision } = (await store.get('count'))!;
  const next = utf8(String(Number(text(value)) + 1));
  const { succeeded } = await store.txn(
    [{ key: 'count', revision }],
    [{ op: 'put', key: 'count', value: next }],
  );
  if (succeeded) done++;
}
await store.close();
