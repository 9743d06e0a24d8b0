import assert from 'node:assert/strict';
import type { ElanusError, ErrorKind } from '../../src/core/domain/errors.ts';

/**
 * The ElanusError that `caught` is, told by its form: a plugin that is packed on its own may have a class of its own.
 * Fails when it is something else.
 */
export function elanusError(caught: unknown): ElanusError {
  const { name, kind, text } = (caught ?? {}) as Partial<ElanusError>;
  const hasForm = caught instanceof Error && name === 'ElanusError' && typeof kind === 'string';
  assert.ok(hasForm && typeof text === 'string', `expected an ElanusError, got ${String(caught)}`);
  return caught as ElanusError;
}

/** Runs `call`, which must fail with an ElanusError of `kind`, whether it throws or rejects. */
export async function fails(kind: ErrorKind, call: () => unknown): Promise<ElanusError> {
  let result: unknown;
  try {
    result = await call();
  } catch (caught) {
    const error = elanusError(caught);
    assert.equal(error.kind, kind, `expected ${kind}, got ${error.kind}: ${error.text}`);
    assert.ok(error.message.length > 0, 'an error has a message');
    return error;
  }
  assert.fail(`expected ${kind}, got a result: ${String(result)}`);
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes);
}

/** `bytes` that differ from seed to seed and from place to place. */
export function patternBytes(bytes: number, seed: number): Uint8Array {
  const pattern = new Uint8Array(bytes);
  let state = seed | 1;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pattern[i] = state >>> 24;
  }
  return pattern;
}

/** Same bytes, compared natively: assert.deepEqual takes seconds on megabytes. */
export function sameBytes(found: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(found.length, expected.length, `${what}: bytes`);
  assert.ok(Buffer.compare(found, expected) === 0, `${what}: content differs`);
}

/** Numbers in [0, 1) from a seed, so that a failure can be repeated. */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
