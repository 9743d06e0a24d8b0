import { ElanusError } from '../core/domain/errors.ts';
import type { ArenaMemory, ArenaRef } from '../core/ports/arena.ts';

/** What a kernel in WebAssembly needs of its thread's memory beyond looking at it. */
export interface KernelMemory extends ArenaMemory {
  /** The memory object of an arena, to instantiate a module on. */
  wasmMemory(arena: number): WebAssembly.Memory;
  /**
   * At least `bytes` in `arena` that belong to this thread's kernels, from call to call: contents are arbitrary and the
   * next call may return the same bytes. May throw a thread's own signal that makes the pool get more and start the task
   * again, so a kernel asks for it before it changes anything. Error: Exhausted.
   */
  kernelScratch(arena: number, bytes: number): ArenaRef;
}

/** The memory that `createInWorker` got, when it can carry WebAssembly kernels. Error: Unsupported. */
export function kernelMemory(memory: ArenaMemory): KernelMemory {
  const candidate = memory as Partial<KernelMemory>;
  if (candidate.wasmMemory === undefined || candidate.kernelScratch === undefined) {
    throw new ElanusError('Unsupported', 'this memory cannot carry WebAssembly kernels');
  }
  return memory as KernelMemory;
}
