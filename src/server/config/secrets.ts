import { isRecord } from './sizes.ts';

const SECRET_KEY = /password|secret|token|credential|accessKey|apiKey|privateKey|connectionString|sasl/i;

export const MASK = '***';

export function isSecretPath(path: readonly PropertyKey[]): boolean {
  return path.some((key) => SECRET_KEY.test(String(key)));
}

/** A copy of a tree of settings that may be printed. */
export function withMaskedSecrets(value: unknown, path: readonly string[] = []): unknown {
  if (isSecretPath(path)) return MASK;
  if (Array.isArray(value)) return value.map((item) => withMaskedSecrets(item, path));
  if (typeof value === 'string') return value.replace(/(\/\/[^/:@\s]*:)[^/@\s]+@/g, `$1${MASK}@`);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withMaskedSecrets(inner, [...path, key])]),
  );
}
