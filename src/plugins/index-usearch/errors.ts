import { ElanusError } from '../../core/domain/errors.ts';

/** Runs a call of the library; what it throws becomes Exhausted (memory) or Internal. */
export function callLibrary<Result>(what: string, call: () => Result): Result {
  try {
    return call();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const kind = /memory|alloc|reserve/i.test(message) ? 'Exhausted' : 'Internal';
    throw new ElanusError(kind, `usearch cannot ${what}: ${message}`, { cause });
  }
}
