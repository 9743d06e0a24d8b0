import { invalid } from '../domain/errors.ts';
import type { KeyValue } from '../domain/schema.ts';

/** Clients send build parameters as flat pairs or as one JSON object under this key; both may come. */
export const JSON_PARAMS_KEY = 'params';

/**
 * Flat pairs, those inside the JSON object included; the object itself is kept at the end, since Describe returns what
 * the user gave. Error: Invalid (bad JSON, a key twice with different values).
 */
export function flattenedParams(given: readonly KeyValue[]): readonly KeyValue[] {
  const flat = new Map<string, string>();
  let json: KeyValue | undefined;
  for (const pair of given) {
    if (pair.key === JSON_PARAMS_KEY) json = pair;
    else addOnce(flat, pair.key, pair.value);
  }
  if (json !== undefined) {
    for (const [key, value] of Object.entries(parsedParams(json.value))) {
      addOnce(flat, key, typeof value === 'string' ? value : JSON.stringify(value));
    }
  }
  const params = [...flat].map(([key, value]) => ({ key, value }));
  return json === undefined ? params : [...params, json];
}

function parsedParams(text: string): Record<string, unknown> {
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('index params are not valid JSON', { params: text });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid('index params must be a JSON object', { params: text });
}

function addOnce(flat: Map<string, string>, key: string, value: string): void {
  const known = flat.get(key);
  if (known !== undefined && known !== value) {
    throw invalid('conflicting values of an index parameter', {
      parameter: key,
      values: `${known}, ${value}`,
    });
  }
  flat.set(key, value);
}

/** The same parameters in any order; how they were written down does not matter. */
export function sameParams(a: readonly KeyValue[], b: readonly KeyValue[]): boolean {
  const left = comparable(a);
  const right = comparable(b);
  return left.length === right.length && left.every((pair, i) => pair === right[i]);
}

function comparable(params: readonly KeyValue[]): string[] {
  return params
    .filter(({ key }) => key !== JSON_PARAMS_KEY)
    .map(({ key, value }) => `${key}=${value}`)
    .sort();
}
