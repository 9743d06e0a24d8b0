import { writeSync } from 'node:fs';
import type { Wal } from '../../../src/core/ports/wal.ts';
import { makeRecord } from './records.ts';

/**
 * The process that a kill case kills: `crashWriter.ts <module> <location> <channel> <term> <first id>` opens the channel and
 * appends for ever, several in flight, printing the id of each record when it is acknowledged.
 */
const CALLERS = 8;

const [module, location, channel, term, firstId] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const { openStore } = (await import(module)) as { openStore(location: string): Promise<Wal> };
const writer = await (await openStore(location)).open(channel, Number(term));
let nextId = Number(firstId);

async function caller(): Promise<never> {
  for (;;) {
    const id = nextId++;
    await writer.append(makeRecord(id, 4 + ((id * 131) % 3_000)));
    writeSync(1, `${id}\n`);
  }
}

await Promise.all(Array.from({ length: CALLERS }, caller));
