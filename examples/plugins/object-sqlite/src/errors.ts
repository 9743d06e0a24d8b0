import { ElanusError, type ErrorKind } from 'elanus/plugin';

/** SQLite's primary result codes (https://sqlite.org/rescode.html); what is not listed is Unavailable. */
const KINDS: Readonly<Record<number, ErrorKind>> = {
  11: 'Corrupt', // SQLITE_CORRUPT
  13: 'Exhausted', // SQLITE_FULL
  18: 'TooLarge', // SQLITE_TOOBIG
  26: 'Corrupt', // SQLITE_NOTADB
};
const SQLITE_IOERR = 10;

/** Maps an error of the driver. An I/O error while something was written leaves open whether it happened. */
export function sqliteError(caught: unknown, operation: string, isWrite: boolean): ElanusError {
  if (caught instanceof ElanusError) return caught;
  const { errcode, message } = caught as { errcode?: number; message?: string };
  const code = (errcode ?? 0) & 0xff;
  const kind = code === SQLITE_IOERR && isWrite ? 'Unknown' : (KINDS[code] ?? 'Unavailable');
  return new ElanusError(kind, `SQLite: ${message ?? String(caught)}`, {
    context: { operation, code: errcode },
    cause: caught,
  });
}
