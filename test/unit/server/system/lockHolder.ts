import { lockDataDirectory } from '../../../../src/server/system/dataDirectoryLock.ts';

/** Holds the data directory of its argument until it is killed, although nothing refers to the lock (node --expose-gc). */
const { path } = lockDataDirectory(process.argv[2]!, '127.0.0.1:19530');
setInterval(() => undefined, 60_000);
setImmediate(() => {
  globalThis.gc!();
  setImmediate(() => process.stdout.write(`${path}\n`));
});
