import { makeRecord } from '../../conformance/storage/wal/records.ts';
import { walFileConfigSchema } from '../../src/plugins/wal-file/config.ts';
import { openFileWal } from '../../src/plugins/wal-file/fileWal.ts';
import { warningLogger } from './fileWalSubject.ts';

/** Appends for ever, 8 in flight, and prints the id of every record that was acknowledged. It is there to be killed. */
const [directory = '', term = '1', firstId = '1'] = process.argv.slice(2);
const config = walFileConfigSchema.parse({ path: directory, segmentBytesMax: 65_536 });
const writer = await openFileWal(config, warningLogger([])).open('killed', Number(term));
let nextId = Number(firstId);

async function appendForEver(): Promise<never> {
  for (;;) {
    const id = nextId++;
    await writer.append(makeRecord(id, 4 + ((id * 131) % 3000)));
    process.stdout.write(`${id}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, appendForEver));
