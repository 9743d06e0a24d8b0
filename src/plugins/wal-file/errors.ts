import { ElanusError, type ErrorKind } from '../../core/domain/errors.ts';

/** Codes of node:fs that mean "no room": on the disk, or elsewhere. */
const DISK_CODES: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const EXHAUSTED_CODES: readonly string[] = [...DISK_CODES, 'EMFILE', 'ENFILE', 'ENOMEM'];

/** The only place where errors of node:fs become ours; `doing` and `file` go into the message. */
export function walFileError(caught: unknown, doing: string, file: string): ElanusError {
  if (caught instanceof ElanusError) return caught;
  const code = codeOf(caught);
  const text = caught instanceof Error ? caught.message : String(caught);
  return new ElanusError(kindOf(code), `${doing} ${file} failed: ${text}`, {
    context: { file, code, resource: DISK_CODES.includes(code) ? 'disk' : undefined },
    cause: caught,
  });
}

function kindOf(code: string): ErrorKind {
  if (EXHAUSTED_CODES.includes(code)) return 'Exhausted';
  if (code === 'ENOENT') return 'NotFound';
  if (code === 'EEXIST') return 'AlreadyExists';
  return code === '' ? 'Internal' : 'Unavailable';
}

function codeOf(caught: unknown): string {
  if (typeof caught !== 'object' || caught === null || !('code' in caught)) return '';
  return typeof caught.code === 'string' ? caught.code : '';
}

export function isKind(caught: unknown, kind: ErrorKind): boolean {
  return caught instanceof ElanusError && caught.kind === kind;
}

export function corrupt(file: string, offset: number, reason: string): ElanusError {
  return new ElanusError('Corrupt', `${file} is damaged at offset ${offset}: ${reason}`, {
    context: { file, offset, reason },
  });
}

export function fenced(channel: string, term: number, byTerm: number): ElanusError {
  return new ElanusError('Fenced', `term ${term} of channel ${channel} is fenced by term ${byTerm}`, {
    subject: 'channel',
    context: { channel, term, byTerm },
  });
}

export function closed(what: string, cause?: unknown): ElanusError {
  return new ElanusError('Closed', `${what} is closed`, { cause });
}

export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new ElanusError('Closed', `${what} was aborted`, { cause: signal.reason });
}
