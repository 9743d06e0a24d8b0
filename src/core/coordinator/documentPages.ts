import { ElanusError } from '../domain/errors.ts';
import type { MetaEntry } from '../ports/metaStore.ts';

/** A value of the meta store holds 64 KiB and a txn 1 MiB: two documents and their guards fit one txn. */
export const PAGE_BYTES_MAX = 60 * 1024;
export const PAGES_MAX = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** Error: Corrupt, naming the key. */
export function decodeJson(key: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new ElanusError('Corrupt', 'catalogue entry is not valid JSON', { context: { key }, cause });
  }
}

/** A document as pages; the first byte of page 0 is the number of pages. Error: TooLarge. */
export function splitPages(what: string, name: string | number, value: unknown): Uint8Array[] {
  const body = encodeJson(value);
  const bytes = new Uint8Array(body.length + 1);
  bytes.set(body, 1);
  const pages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PAGE_BYTES_MAX) pages.push(bytes.slice(at, at + PAGE_BYTES_MAX));
  if (pages.length > PAGES_MAX) {
    throw new ElanusError('TooLarge', `the catalogue entry of a ${what} is too large`, {
      subject: 'parameter',
      context: { [what]: name, bytes: bytes.length, bytesMax: PAGES_MAX * PAGE_BYTES_MAX },
    });
  }
  pages[0]![0] = pages.length;
  return pages;
}

/** Entries in key order as documents: a page's key is its document's key and two digits. */
export function* pagesByDocument(entries: readonly MetaEntry[]): Generator<readonly MetaEntry[]> {
  let pages: MetaEntry[] = [];
  for (const entry of entries) {
    if (pages.length > 0 && documentOf(entry) !== documentOf(pages[0]!)) {
      yield pages;
      pages = [];
    }
    pages.push(entry);
  }
  if (pages.length > 0) yield pages;
}

function documentOf(entry: MetaEntry): string {
  return entry.key.slice(0, -2);
}

/** The inverse of splitPages. Error: Corrupt. */
export function joinPages(pages: readonly MetaEntry[]): unknown {
  const { key, value: first } = pages[0]!;
  if (first[0] !== pages.length) {
    throw new ElanusError('Corrupt', 'catalogue entry has missing pages', {
      context: { key, pages: pages.length, expected: first[0] },
    });
  }
  if (pages.length === 1) return decodeJson(key, first.subarray(1));
  let length = 0;
  for (const page of pages) length += page.value.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const page of pages) {
    bytes.set(page.value, at);
    at += page.value.length;
  }
  return decodeJson(key, bytes.subarray(1));
}
