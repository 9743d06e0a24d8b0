/** Rows whose every value follows from their key and version, so that a model needs to keep nothing but versions. */
export const DIM = 8;
export const SLOTS = 1_000;

/** What a client sends, and gets back but for `id` and `version`, which come as text. */
export interface RowValues {
  readonly id: number;
  readonly writer: number;
  readonly slot: number;
  readonly version: number;
  readonly text: string;
  readonly extra: string;
  readonly vector: readonly number[];
}

/** Writer `writer` owns the keys of its slots 0..SLOTS-1 and no other writer touches them. */
export function keyOf(writer: number, slot: number): number {
  return writer * 1_000_000 + slot;
}

export function rowOf(writer: number, slot: number, version: number): RowValues {
  const id = keyOf(writer, slot);
  return {
    id,
    writer,
    slot,
    version,
    text: `row ${id} version ${version} ${'x'.repeat(version % 97)}`,
    extra: `undeclared ${version}`,
    vector: vectorOf(id, version),
  };
}

/** Distinct for distinct (id, version), and exact in float32. */
export function vectorOf(id: number, version: number): number[] {
  let state = (Math.imul(id, 0x9e3779b1) ^ Math.imul(version, 0x85ebca77)) | 0;
  return Array.from({ length: DIM }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x3c6ef372;
    return (((state ^ (state >>> 13)) & 0xffff) - 0x8000) / 0x8000;
  });
}
