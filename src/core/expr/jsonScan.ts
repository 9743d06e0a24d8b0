import { jsonNumberValue, readJsonNumber } from './jsonNumber.ts';
import { type DecodedText, decodeJsonText } from './jsonText.ts';
import type { JsonPath } from './plan.ts';

/**
 * Finds values in JSON documents by scanning their UTF-8 bytes: nothing is parsed into objects, nothing is allocated.
 * Positions are offsets of a value's first byte, -1 = there is none. A document that is not well-formed has no values
 * where it breaks; no scan leaves [start, end).
 */

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LETTER_N = 0x6e;

export interface PreparedKey {
  readonly bytes: Uint8Array;
  /** Has a quote or a backslash, so that it never stands as it is in a document. */
  readonly escaped: boolean;
}

export type PreparedPath = readonly (PreparedKey | number)[];

export function preparePath(path: JsonPath): PreparedPath {
  const encoder = new TextEncoder();
  return path.map((step) => {
    if (typeof step === 'number') return step;
    return { bytes: encoder.encode(step), escaped: /["\\]/.test(step) };
  });
}

/** The value at `path` in the document bytes[start .. end). Of a key that stands twice the first counts. */
export function findPath(bytes: Uint8Array, start: number, end: number, path: PreparedPath): number {
  let at = skipSpace(bytes, start, end);
  if (at >= end) return -1;
  for (let i = 0; i < path.length && at >= 0; i++) {
    const step = path[i]!;
    at = typeof step === 'number' ? findItem(bytes, at, end, step) : findMember(bytes, at, end, step);
  }
  return at;
}

function findMember(bytes: Uint8Array, object: number, end: number, key: PreparedKey): number {
  if (bytes[object] !== OPEN_BRACE) return -1;
  let at = skipSpace(bytes, object + 1, end);
  while (at < end && bytes[at] === QUOTE) {
    const close = skipText(bytes, at, end);
    const matches = isKey(bytes, at + 1, close - 1, key);
    at = skipSpace(bytes, close, end);
    if (at >= end || bytes[at] !== COLON) return -1;
    at = skipSpace(bytes, at + 1, end);
    if (matches) return at < end ? at : -1;
    at = skipSpace(bytes, skipValue(bytes, at, end), end);
    if (at >= end || bytes[at] !== COMMA) return -1;
    at = skipSpace(bytes, at + 1, end);
  }
  return -1;
}

function isKey(bytes: Uint8Array, start: number, end: number, key: PreparedKey): boolean {
  const wanted = key.bytes;
  const length = end - start;
  if (length < wanted.length) return false;
  if (length === wanted.length) return !key.escaped && sameBytes(bytes, start, wanted, length);
  // Only an escaped key is longer than its text.
  if (!hasBackslash(bytes, start, end)) return false;
  const decoded = decodeJsonText(bytes, start, end);
  return decoded.length === wanted.length && sameBytes(decoded.bytes, 0, wanted, decoded.length);
}

function sameBytes(a: Uint8Array, aStart: number, b: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[i]) return false;
  return true;
}

export function hasBackslash(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return true;
  return false;
}

function findItem(bytes: Uint8Array, array: number, end: number, index: number): number {
  let at = firstItem(bytes, array, end);
  for (let i = 0; i < index && at >= 0; i++) at = nextItem(bytes, at, end);
  return at;
}

export function isArray(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === OPEN_BRACKET;
}

export function isText(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === QUOTE;
}

export function isNull(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === LETTER_N;
}

/** The first item of the array at `at`; -1 when it is empty or no array. */
export function firstItem(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== OPEN_BRACKET) return -1;
  const first = skipSpace(bytes, at + 1, end);
  return first < end && bytes[first] !== CLOSE_BRACKET ? first : -1;
}

/** The item behind the one at `at`, or -1. */
export function nextItem(bytes: Uint8Array, at: number, end: number): number {
  const behind = skipSpace(bytes, skipValue(bytes, at, end), end);
  if (behind >= end || bytes[behind] !== COMMA) return -1;
  const next = skipSpace(bytes, behind + 1, end);
  return next < end ? next : -1;
}

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! <= 0x20) at++;
  return at;
}

/** Behind the closing quote of the text at `at`, at most `end`. */
export function skipText(bytes: Uint8Array, at: number, end: number): number {
  let p = at + 1;
  while (p < end) {
    const byte = bytes[p++]!;
    if (byte === QUOTE) return p;
    if (byte === BACKSLASH) p++;
  }
  return end;
}

/** Behind the value at `at`, at most `end`. */
function skipValue(bytes: Uint8Array, at: number, end: number): number {
  const head = bytes[at];
  if (head === QUOTE) return skipText(bytes, at, end);
  if (head === OPEN_BRACE || head === OPEN_BRACKET) return skipNested(bytes, at, end);
  let p = at;
  while (p < end) {
    const byte = bytes[p]!;
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= 0x20) break;
    p++;
  }
  return p;
}

function skipNested(bytes: Uint8Array, at: number, end: number): number {
  let depth = 0;
  let p = at;
  while (p < end) {
    const byte = bytes[p]!;
    if (byte === QUOTE) {
      p = skipText(bytes, p, end);
      continue;
    }
    p++;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return p;
  }
  return end;
}

/** The number at `path` as a double; NaN when there is none. */
export function jsonNumberAt(bytes: Uint8Array, start: number, end: number, path: PreparedPath): number {
  const at = findPath(bytes, start, end, path);
  return at < 0 ? Number.NaN : jsonNumberValue(readJsonNumber(bytes, at, end), bytes);
}

/** How many items the array at `path` has; NaN when there is none. */
export function jsonLengthAt(bytes: Uint8Array, start: number, end: number, path: PreparedPath): number {
  const at = findPath(bytes, start, end, path);
  if (at < 0 || !isArray(bytes, at)) return Number.NaN;
  let length = 0;
  for (let item = firstItem(bytes, at, end); item >= 0; item = nextItem(bytes, item, end)) length++;
  return length;
}

/** The text at `at` (a quote) without its quotes and escapes; valid until the next call. */
export function readJsonText(bytes: Uint8Array, at: number, end: number): DecodedText {
  const close = skipText(bytes, at, end) - 1;
  if (hasBackslash(bytes, at + 1, close)) return decodeJsonText(bytes, at + 1, close);
  plainText.bytes = bytes;
  plainText.start = at + 1;
  plainText.length = close - at - 1;
  return plainText;
}

const plainText: DecodedText = { bytes: new Uint8Array(0), start: 0, length: 0 };
