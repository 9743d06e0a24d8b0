import { readFileSync } from 'node:fs';
import { ElanusError } from '../core/domain/errors.ts';
import type { KernelMemory } from './kernelMemory.ts';
import { kernelUrl } from './location.ts';

const modules = new Map<string, WebAssembly.Module>();

function loadModule(name: string): WebAssembly.Module {
  const loaded = modules.get(name);
  if (loaded !== undefined) return loaded;
  const url = kernelUrl(name);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(url);
  } catch (cause) {
    throw new ElanusError('Internal', 'kernel file cannot be read', {
      context: { file: url.pathname },
      cause,
    });
  }
  const module = new WebAssembly.Module(bytes);
  modules.set(name, module);
  return module;
}

/** One thread's instances of a kernel: one an arena, made on first use. */
export class KernelInstances<Exports> {
  readonly #name: string;
  readonly #memory: KernelMemory;
  readonly #byArena: (Exports | undefined)[] = [];

  constructor(name: string, memory: KernelMemory) {
    this.#name = name;
    this.#memory = memory;
  }

  of(arena: number): Exports {
    return this.#byArena[arena] ?? this.#instantiate(arena);
  }

  #instantiate(arena: number): Exports {
    const env = { memory: this.#memory.wasmMemory(arena) };
    const exports = new WebAssembly.Instance(loadModule(this.#name), { env }).exports as Exports;
    this.#byArena[arena] = exports;
    return exports;
  }
}
