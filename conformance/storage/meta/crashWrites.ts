import type { MetaOperation } from '../../../src/core/ports/metaStore.ts';
import { put } from './subject.ts';

/** What crashWriter.ts writes and a durable case finds again, by the number of the write. */
export const KEYS_EACH = 5;
export const LEASED_PREFIX = 'leased/';

export function keyOfWrite(number: number, part: number): string {
  return `write/${part}/${number}`;
}

/** The keys of a write, and one of a lease. */
export function putsOf(number: number, leaseId: string): MetaOperation[] {
  const value = fillValue(number);
  const own = Array.from({ length: KEYS_EACH }, (_, part) => put(keyOfWrite(number, part), value));
  return [...own, put(`${LEASED_PREFIX}${number % 50}`, value, leaseId)];
}

/** The number, a zero, and filling that makes txns of many sizes. */
function fillValue(number: number): Uint8Array {
  return new TextEncoder().encode(`${number}\0${'x'.repeat((number * 37) % 3_000)}`);
}
