import { patternBytes } from '../checks.ts';

/** What crashWriter.ts writes and a durable case finds again, by the number of the write. */
const SLOTS = 7;

/** Numbers divisible by 3 replace the object of a slot, the others create one of their own. */
export function keyOfWrite(number: number): string {
  return number % 3 === 0 ? `slots/${number % SLOTS}` : `new/${number % 10}/${number}`;
}

/** Starts with the number as 8 bytes little-endian, which name the rest. */
export function contentOf(number: number): Uint8Array {
  const content = patternBytes(8 + ((number * 7_919) % 300_000), number);
  new DataView(content.buffer).setFloat64(0, number, true);
  return content;
}
