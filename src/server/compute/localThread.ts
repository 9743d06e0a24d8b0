import { ScratchTable } from './scratchTable.ts';
import type { SharedArena } from './sharedArena.ts';
import { type LoadedModules, ThreadContext } from './threadContext.ts';
import { type ScratchUse, ThreadMemory } from './threadMemory.ts';

/** The I/O thread as one that computes: it owns the arena, so its scratch grows on demand. */
export class LocalThread {
  readonly context: ThreadContext;
  readonly #scratch: ScratchTable;

  constructor(arena: SharedArena, modules: LoadedModules) {
    this.#scratch = new ScratchTable(arena);
    const memory = new ThreadMemory({
      memory: (number) => arena.wasmMemory(number),
      scratch: (use: ScratchUse, number: number, bytes: number) => {
        const { ref } = this.#scratch.ensure(use, number, bytes);
        this.#scratch.freeReplaced();
        return ref;
      },
    });
    this.context = new ThreadContext(memory, modules);
  }

  close(): void {
    this.#scratch.freeAll();
  }
}
