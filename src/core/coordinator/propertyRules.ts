import { invalid } from '../domain/errors.ts';
import type { KeyValue } from '../domain/schema.ts';

/** Properties that change nothing here, yet are kept and described: their values are checked where they have a type. */
const COLLECTION_FLAGS = new Set([
  'mmap.enabled',
  'lazyload.enabled',
  'collection.autocompaction.enabled',
  'partitionkey.isolation',
  'allow_insert_auto_id',
]);
const COLLECTION_TEXTS = new Set(['collection.replica.number', 'collection.resource_groups', 'timezone']);
const DATABASE_TEXTS = new Set(['database.replica.number', 'database.resource_groups', 'timezone']);

export const DATABASE_COLLECTIONS_MAX = 'database.max.collections';
export const DYNAMIC_FIELD_PROPERTY = 'dynamicfield.enabled';

/** Names that are taken, but for `warmup…`; docs/compatibility.md says what each does. */
export const COLLECTION_PROPERTIES = [...COLLECTION_FLAGS, ...COLLECTION_TEXTS, DYNAMIC_FIELD_PROPERTY];
export const DATABASE_PROPERTIES = [...DATABASE_TEXTS, DATABASE_COLLECTIONS_MAX];

/** Properties that Milvus has and that would be broken promises here. */
const TTL_PROPERTIES = new Set(['collection.ttl.seconds', 'ttl_field', 'ttl.seconds']);

/** `true` and `false` as JSON and Python spell them. */
export function isBooleanText(value: string): boolean {
  const lower = value.toLowerCase();
  return lower === 'true' || lower === 'false';
}

export function isWarmupKey(key: string): boolean {
  return key === 'warmup' || key.startsWith('warmup.');
}

/** Error: Invalid, naming the property. */
export function checkCollectionProperties(properties: readonly KeyValue[]): void {
  checkNoDuplicates(properties);
  for (const { key, value } of properties) {
    if (COLLECTION_TEXTS.has(key) || isWarmupKey(key)) continue;
    if (TTL_PROPERTIES.has(key)) {
      throw invalid(`time to live (${key}) is not supported`, { property: key, value });
    }
    if (!COLLECTION_FLAGS.has(key)) throw invalid('unknown collection property', { property: key, value });
    if (!isBooleanText(value)) throw invalid('the value must be true or false', { property: key, value });
  }
}

/** Error: Invalid, naming the property. */
export function checkDatabaseProperties(properties: readonly KeyValue[]): void {
  checkNoDuplicates(properties);
  for (const { key, value } of properties) {
    if (DATABASE_TEXTS.has(key)) continue;
    if (key !== DATABASE_COLLECTIONS_MAX)
      throw invalid('unknown database property', { property: key, value });
    if (!/^\d{1,9}$/.test(value)) {
      throw invalid('the value must be a whole number ≥ 0', { property: key, value });
    }
  }
}

/** The properties after setting and deleting; deleting what is absent is fine. Order of first mention is kept. */
export function alteredProperties(
  current: readonly KeyValue[],
  set: readonly KeyValue[],
  deleteKeys: readonly string[],
): readonly KeyValue[] {
  if (set.length > 0 && deleteKeys.length > 0) {
    throw invalid('properties and delete_keys cannot both be given', {
      property: set[0]!.key,
      deleteKey: deleteKeys[0],
    });
  }
  if (set.length === 0 && deleteKeys.length === 0) throw invalid('no property is set or deleted');
  const values = new Map(current.map(({ key, value }) => [key, value]));
  for (const { key, value } of set) values.set(key, value);
  for (const key of deleteKeys) values.delete(key);
  return [...values].map(([key, value]) => ({ key, value }));
}

export function propertyOf(properties: readonly KeyValue[], key: string): string | undefined {
  return properties.find((property) => property.key === key)?.value;
}

/** The same keys with the same values, in any order. */
export function sameProperties(a: readonly KeyValue[], b: readonly KeyValue[]): boolean {
  return a.length === b.length && a.every(({ key, value }) => propertyOf(b, key) === value);
}

function checkNoDuplicates(properties: readonly KeyValue[]): void {
  const seen = new Set<string>();
  for (const { key } of properties) {
    if (seen.has(key)) throw invalid('duplicated property', { property: key });
    seen.add(key);
  }
}
