const DELETES_AT_ONCE = 16;

/** Deletes the objects 0..count-1, of which `keyOf` gives the keys. */
export async function deleteAll(
  from: { delete(key: string): Promise<unknown> },
  keyOf: (number: number) => string,
  count: number,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) await from.delete(keyOf(number));
  };
  await Promise.all(Array.from({ length: DELETES_AT_ONCE }, worker));
}
