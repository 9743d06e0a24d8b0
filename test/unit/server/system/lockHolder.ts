import { lockDataDirectory } from '../../../../src/server/system/dataDirectoryLock.ts';

/** Holds the data directory of its argument until it is killed. */
const lock = lockDataDirectory(process.argv[2]!, '127.0.0.1:19530');
process.stdout.write(`${lock.path}\n`);
setInterval(() => undefined, 60_000);
