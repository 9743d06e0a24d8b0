import { assert } from '../../core/domain/errors.ts';
import type { ArenaRef } from '../../core/ports/arena.ts';
import type { KernelMemory } from '../../kernels/kernelMemory.ts';

/** Each thread has two scratch ranges an arena: one for tasks, one for the kernels that tasks call. */
export type ScratchUse = 'task' | 'kernel';

/** Thrown in a worker whose scratch is too small: the pool allocates more and starts the task again. */
export class ScratchWanted extends Error {
  readonly use: ScratchUse;
  readonly arena: number;
  readonly bytes: number;

  constructor(use: ScratchUse, arena: number, bytes: number) {
    super(`scratch of ${bytes} bytes wanted in arena ${arena}`);
    this.use = use;
    this.arena = arena;
    this.bytes = bytes;
  }
}

/** Where a thread's memory objects come from: messages in a worker, the arena itself on the I/O thread. */
export interface MemorySource {
  memory(arena: number): WebAssembly.Memory | undefined;
  /** The thread's scratch of at least `bytes`, or a throw. */
  scratch(use: ScratchUse, arena: number, bytes: number): ArenaRef;
}

/** One thread's look at the arenas and at its own scratch. */
export class ThreadMemory implements KernelMemory {
  readonly #source: MemorySource;
  /** Bytes of task scratch in use, by arena; a task's ranges do not overlap. */
  readonly #taken = new Map<number, number>();

  constructor(source: MemorySource) {
    this.#source = source;
  }

  view(arena: number, offset: number, bytes: number): Uint8Array {
    return new Uint8Array(this.buffer(arena), offset, bytes);
  }

  buffer(arena: number): SharedArrayBuffer {
    return this.wasmMemory(arena).buffer;
  }

  wasmMemory(arena: number): WebAssembly.Memory {
    const memory = this.#source.memory(arena);
    assert(memory !== undefined, `no arena ${arena} in this thread`);
    return memory;
  }

  kernelScratch(arena: number, bytes: number): ArenaRef {
    return this.#source.scratch('kernel', arena, bytes);
  }

  taskScratch(arena: number, bytes: number): ArenaRef {
    const taken = this.#taken.get(arena) ?? 0;
    const length = (bytes + 63) & ~63;
    const whole = this.#source.scratch('task', arena, taken + length);
    this.#taken.set(arena, taken + length);
    return { arena, offset: whole.offset + taken, bytes: length };
  }

  /** A new task starts: all task scratch is free again. */
  resetTaskScratch(): void {
    if (this.#taken.size > 0) this.#taken.clear();
  }
}
