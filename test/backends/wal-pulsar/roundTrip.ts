/** Opens a log with the options given as JSON, writes, reads, closes, and prints how many records it read. */
import { openStore } from './subject.ts';

const wal = await openStore(process.argv[2]!);
const writer = await wal.open('round-trip', Date.now());
// One by one, so that each is a message and there are enough of them for a reader.
for (let i = 0; i < 50; i++) await writer.append(new Uint8Array(900).fill(i));
let count = 0;
for await (const { record, term } of wal.read('round-trip', undefined)) {
  if (record.length === 900 && term === writer.term) count++;
}
await wal.close();
console.log(count);
