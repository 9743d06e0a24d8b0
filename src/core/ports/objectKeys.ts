import { invalid } from '../domain/errors.ts';

export const OBJECT_KEY_BYTES_MAX = 512;
const SEGMENT = /^[A-Za-z0-9._-]+$/;
const PARTIAL_SEGMENT = /^[A-Za-z0-9._-]*$/;

/** Invalid unless `key` is `/`-separated segments of [A-Za-z0-9._-], 1..512 bytes, none of them `.` or `..`. */
export function checkObjectKey(key: string): void {
  checkLength('key', key);
  if (!key.split('/').every(isSegment)) throw badText('key', key);
}

/** A prefix is a key cut anywhere, so its last segment may be unfinished. */
export function checkObjectPrefix(prefix: string): void {
  checkLength('prefix', prefix);
  const segments = prefix.split('/');
  const last = segments.pop()!;
  if (!segments.every(isSegment) || !PARTIAL_SEGMENT.test(last)) throw badText('prefix', prefix);
}

/** Invalid unless [offset, offset + length) are whole, not negative and fit `into`. */
export function checkObjectRange(offset: number, length: number, into: Uint8Array): void {
  if (!Number.isSafeInteger(offset) || offset < 0) throw invalid('offset is no byte offset', { offset });
  if (!Number.isSafeInteger(length) || length < 0) throw invalid('length is no number of bytes', { length });
  if (length > into.length) throw invalid('range is larger than its target', { length, limit: into.length });
}

/** The limit of a list; Invalid unless it is a positive integer. */
export function checkObjectLimit(limit = 1_000): number {
  if (Number.isSafeInteger(limit) && limit >= 1) return limit;
  throw invalid('limit is out of range', { limit, allowed: '1..' });
}

function checkLength(field: string, text: string): void {
  if (text.length <= OBJECT_KEY_BYTES_MAX) return;
  throw invalid(`${field} is too long`, { length: text.length, limit: OBJECT_KEY_BYTES_MAX });
}

function isSegment(segment: string): boolean {
  return SEGMENT.test(segment) && segment !== '.' && segment !== '..';
}

function badText(field: string, text: string) {
  return invalid(`${field} is not made of segments of [A-Za-z0-9._-]`, { [field]: text });
}
