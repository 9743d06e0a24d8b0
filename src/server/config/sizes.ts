const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** What JSON Schema says about a size as text. */
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)? ?(B|[KMGT]i?B)$';

export function isSizeKey(key: string): boolean {
  return /(^b|B)ytes(Max)?$/.test(key);
}

/** `"64MiB"` → 67108864; anything that is not such a text comes back as it is, for the schema to refuse. */
export function parseSize(value: unknown): unknown {
  if (typeof value !== 'string' || !new RegExp(SIZE_PATTERN).test(value)) return value;
  const unit = /[A-Za-z]+$/.exec(value)![0];
  return Math.round(Number.parseFloat(value) * UNIT_BYTES[unit]!);
}

/** A copy of a tree of settings in which the sizes are numbers. `options` belongs to plugins and is left alone. */
export function withParsedSizes(value: unknown, key = ''): unknown {
  if (isSizeKey(key)) return parseSize(value);
  if (!isRecord(value) || key === 'options') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withParsedSizes(inner, name)]),
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
