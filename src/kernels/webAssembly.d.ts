/** The part of the WebAssembly interface that kernels need; neither the language's library nor Node's types declare it. */
declare namespace WebAssembly {
  /** A shared memory; `buffer` is replaced by a longer one when any thread grows it. */
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
    /** Adds pages of 64 KiB; `grow(0)` only refreshes `buffer`. */
    grow(pages: number): number;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
}
