/**
 * The calls of a file system that the log makes, so that a test can put a simulated disk under it. Errors are those of
 * node:fs (an Error with a `code`).
 */
export interface FileSystem {
  /** Makes the directory and its parents, durably. */
  makeDirectory(path: string): Promise<void>;
  /** Names in a directory, in any order; empty when it is absent. Synchronous: it takes some µs, a thread hop 25. */
  listNames(path: string): string[];
  /** Creates a file that must not exist (EEXIST), for writing and reading. Durable after syncDirectory. */
  create(path: string): Promise<WalFile>;
  openToRead(path: string): Promise<WalFile>;
  openToWrite(path: string): Promise<WalFile>;
  /** Gives a file a second name, which must not exist (EEXIST). */
  link(path: string, newPath: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  /** Calls `onChange` after something in the directory changed, with the name if known, until the result is called. */
  watch(path: string, onChange: (name: string | undefined) => void): () => void;
}

export interface WalFile {
  /** Reads up to `length` bytes; 0 at the end of the file. */
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Writes in order from `position`; may write less than all, and returns how much. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  datasync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}
