import { ElanusError, type ErrorContext, type ErrorKind } from '../../core/domain/errors.ts';

const KINDS: Readonly<Record<string, ErrorKind>> = {
  ENOSPC: 'Exhausted',
  EDQUOT: 'Exhausted',
  EFBIG: 'Exhausted',
  // A folder where an object should be, or the other way round: one key is a folder of another.
  ENOTDIR: 'Invalid',
  EISDIR: 'Invalid',
  ENOTEMPTY: 'Invalid',
  EEXIST: 'Invalid',
  ENAMETOOLONG: 'Invalid',
  // No hard links here (FAT, some network shares).
  ENOTSUP: 'Unsupported',
  EOPNOTSUPP: 'Unsupported',
  EXDEV: 'Unsupported',
};

/** Maps an error of the file system; what is not listed (EIO, EACCES, EROFS, EMFILE …) is Unavailable. */
export function fsError(caught: unknown, operation: string, context: ErrorContext): ElanusError {
  if (caught instanceof ElanusError) return caught;
  const code = codeOf(caught);
  const message = `object store: ${operation} failed: ${code ?? caught}`;
  const kind = KINDS[code ?? ''] ?? 'Unavailable';
  const resource = kind === 'Exhausted' ? 'disk' : undefined;
  return new ElanusError(kind, message, { context: { ...context, resource }, cause: caught });
}

/** A failed sync of the folder after the name was changed: the change is seen, but may be gone after power loss. */
export function unsyncedError(caught: unknown, context: ErrorContext): ElanusError {
  return new ElanusError('Unknown', `object store: folder was not synced: ${codeOf(caught) ?? caught}`, {
    context,
    cause: caught,
  });
}

/** Whether a look-up failed because no file has that name. */
export function isMissing(caught: unknown): boolean {
  const code = codeOf(caught);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}

export function codeOf(caught: unknown): string | undefined {
  const code = (caught as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
