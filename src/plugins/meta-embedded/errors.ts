import { statfs } from 'node:fs/promises';
import { ElanusError, type ErrorKind } from '../../core/domain/errors.ts';

/** LMDB's own codes (lmdb.h) and the errno values that it hands through. */
const KINDS: Readonly<Record<number, ErrorKind>> = {
  [-30797]: 'Corrupt', // MDB_PAGE_NOTFOUND
  [-30796]: 'Corrupt', // MDB_CORRUPTED
  [-30795]: 'Unavailable', // MDB_PANIC: an earlier failure, the environment must be opened again
  [-30794]: 'Corrupt', // MDB_VERSION_MISMATCH
  [-30793]: 'Corrupt', // MDB_INVALID: not an LMDB file
  [-30792]: 'Exhausted', // MDB_MAP_FULL
  [-30790]: 'Exhausted', // MDB_READERS_FULL
  12: 'Exhausted', // ENOMEM
  13: 'Unavailable', // EACCES
  27: 'Exhausted', // EFBIG
  28: 'Exhausted', // ENOSPC
  30: 'Unavailable', // EROFS
  122: 'Exhausted', // EDQUOT
};

/** The errno values above that mean a full disk. */
const DISK_CODES: readonly number[] = [27, 28, 122];
const EIO = 5;
/** Pages of the tree, the free list and the file system that a small commit may need besides its data. */
const COMMIT_SLACK_BYTES = 256 * 1024;

/** An error of opening or reading the store at `path`. */
export function storeError(caught: unknown, path: string): ElanusError {
  if (caught instanceof ElanusError) return caught;
  const kind = KINDS[numberOf(caught)] ?? 'Unavailable';
  return new ElanusError(kind, `catalogue: ${messageOf(caught)}`, { context: { path }, cause: caught });
}

/**
 * An error of committing about `commitBytes`. LMDB aborts the whole commit when a page cannot be written, so a known code
 * means that nothing happened; any other outcome is Unknown.
 */
export async function commitError(caught: unknown, path: string, commitBytes: number): Promise<ElanusError> {
  const cause = await causeOf(caught);
  const code = numberOf(cause);
  const context = { path, bytes: commitBytes, resource: DISK_CODES.includes(code) ? 'disk' : undefined };
  // LMDB reports a write cut short by a full disk as EIO.
  if (code === EIO && (await diskIsFull(path, commitBytes))) {
    const full = { ...context, resource: 'disk' };
    return new ElanusError('Exhausted', 'catalogue: no space left on the device', { context: full, cause });
  }
  return new ElanusError(KINDS[code] ?? 'Unknown', `catalogue: commit failed: ${messageOf(cause)}`, {
    context,
    cause,
  });
}

/** lmdb rejects with a general error whose `commitError` is a promise that rejects with the reason. */
async function causeOf(caught: unknown): Promise<unknown> {
  const reason = (caught as { commitError?: Promise<unknown> }).commitError;
  if (reason === undefined) return caught;
  return reason.then(
    () => caught,
    (cause: unknown) => cause,
  );
}

async function diskIsFull(path: string, commitBytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize < 2 * commitBytes + COMMIT_SLACK_BYTES;
}

/** The name of a file system error, e.g. ENOENT. */
export function codeOf(caught: unknown): string | undefined {
  const code = (caught as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** LMDB's code or the errno value, 0 = neither. */
function numberOf(caught: unknown): number {
  const { code, errno } = caught as { code?: unknown; errno?: unknown };
  if (typeof code === 'number') return code;
  return typeof errno === 'number' ? -errno : 0;
}

function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}
