import { invalid } from '../domain/errors.ts';
import type { KeyValue } from '../domain/schema.ts';

/** Search, query or rank parameters: text by key, and the members of the JSON object under `params`. */
export class Params {
  readonly #texts = new Map<string, string>();
  readonly #members: Readonly<Record<string, unknown>>;

  /** Errors: Invalid when `params` is no JSON object. */
  constructor(pairs: readonly KeyValue[]) {
    for (const { key, value } of pairs) this.#texts.set(key, value);
    this.#members = parseObject(this.#texts.get('params') ?? '');
  }

  /** Keys at the top and inside `params`. */
  keys(): readonly string[] {
    return [...new Set([...this.#texts.keys(), ...Object.keys(this.#members)])];
  }

  /** A value as text, from the top or else from inside `params`; undefined when absent, empty or null. */
  text(key: string): string | undefined {
    const given = this.#texts.get(key) || this.#members[key];
    if (given === undefined || given === null || given === '') return undefined;
    return typeof given === 'object' ? JSON.stringify(given) : String(given);
  }

  /** A value from inside `params` as it is. */
  member(key: string): unknown {
    return this.#members[key];
  }

  /** Errors: Invalid when it is no whole number within [min, max]. */
  integer(key: string, min: number, max: number): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw invalid(`${key} [${text}] is invalid, it should be an integer in range [${min}, ${max}]`);
  }

  /** Errors: Invalid when it is no finite number. */
  number(key: string): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    throw invalid(`${key} [${text}] is invalid, it should be a number`);
  }

  /** `true` and `false` in any spelling. Errors: Invalid. */
  flag(key: string): boolean {
    const text = this.text(key)?.toLowerCase();
    if (text === undefined || text === 'false' || text === '0') return false;
    if (text === 'true' || text === '1') return true;
    throw invalid(`${key} [${text}] is invalid, it should be true or false`);
  }

  /** Errors: Invalid, naming the first parameter that was given and is none of `names`. */
  allow(names: ReadonlySet<string>): void {
    for (const key of this.keys()) {
      if (names.has(key)) continue;
      const text = this.text(key);
      if (text !== undefined) throw invalid(`parameter ${key} is not supported`, { [key]: text });
    }
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === '') return {};
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw invalid(`params [${text}] is invalid, it should be a JSON object`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (caught) {
    throw invalid(`params [${text}] is invalid JSON: ${String(caught)}`);
  }
}
