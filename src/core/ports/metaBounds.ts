import { invalid } from '../domain/errors.ts';
import type { MetaCompare, MetaOperation } from './metaStore.ts';

/** The bounds of the MetaStore port; sizes in bytes of UTF-8. */
export const META_BOUNDS = {
  keyBytesMax: 512,
  valueBytesMax: 65_536,
  txnKeysMax: 100,
  txnBytesMax: 1_048_576,
  rangeLimitMax: 1_000,
  leaseTtlMsMin: 1_000,
  leaseTtlMsMax: 3_600_000,
} as const;

const ENCODER = new TextEncoder();

/** Bytes of `text`; Invalid when it has no UTF-8 form or is longer than a key. */
function checkText(field: string, text: string): number {
  if (!text.isWellFormed()) throw invalid(`${field} is not well-formed Unicode`, { [field]: text });
  const bytes = ENCODER.encode(text).length;
  if (bytes <= META_BOUNDS.keyBytesMax) return bytes;
  throw invalid(`${field} is too long`, {
    bytes,
    limit: META_BOUNDS.keyBytesMax,
    [field]: text.slice(0, 64),
  });
}

/** Bytes of `key`; Invalid unless they are 1..512. */
export function checkKey(key: string): number {
  const bytes = checkText('key', key);
  if (bytes === 0) throw invalid('key is empty', { limit: '1..512 bytes' });
  return bytes;
}

export function checkPrefix(prefix: string): void {
  checkText('prefix', prefix);
}

/** The limit of a range, Invalid when it is out of 1..1,000. */
export function checkRange(
  prefix: string,
  options: { readonly afterKey?: string; readonly limit?: number },
): number {
  checkPrefix(prefix);
  if (options.afterKey !== undefined) checkText('afterKey', options.afterKey);
  const limit = options.limit ?? META_BOUNDS.rangeLimitMax;
  if (Number.isInteger(limit) && limit >= 1 && limit <= META_BOUNDS.rangeLimitMax) return limit;
  throw invalid('limit is out of range', { limit, allowed: `1..${META_BOUNDS.rangeLimitMax}` });
}

/** Total bytes of keys and values; Invalid when a bound of the port is broken. */
export function checkTxn(compares: readonly MetaCompare[], operations: readonly MetaOperation[]): number {
  const keys = new Set<string>();
  let bytes = 0;
  for (const operation of operations) {
    if (keys.has(operation.key))
      throw invalid('key occurs twice among the operations', { key: operation.key });
    keys.add(operation.key);
    bytes +=
      checkKey(operation.key) + (operation.op === 'put' ? checkValue(operation.key, operation.value) : 0);
  }
  for (const compare of compares) {
    if (compare.revision < 0n)
      throw invalid('revision is negative', { key: compare.key, revision: compare.revision });
    keys.add(compare.key);
    bytes += checkKey(compare.key);
  }
  if (keys.size > META_BOUNDS.txnKeysMax) {
    throw invalid('txn has too many keys', { keys: keys.size, limit: META_BOUNDS.txnKeysMax });
  }
  if (bytes > META_BOUNDS.txnBytesMax) {
    throw invalid('txn is too large', { bytes, limit: META_BOUNDS.txnBytesMax });
  }
  return bytes;
}

function checkValue(key: string, value: Uint8Array): number {
  if (value.length <= META_BOUNDS.valueBytesMax) return value.length;
  throw invalid('value is too large', { bytes: value.length, limit: META_BOUNDS.valueBytesMax, key });
}

export function checkTtl(ttlMs: number): void {
  const { leaseTtlMsMin, leaseTtlMsMax } = META_BOUNDS;
  if (ttlMs >= leaseTtlMsMin && ttlMs <= leaseTtlMsMax) return;
  throw invalid('ttlMs is out of range', { ttlMs, allowed: `${leaseTtlMsMin}..${leaseTtlMsMax}` });
}
