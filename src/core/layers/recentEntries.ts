/** Entries up to a total size; the one that was not used for longest makes room. */
export class RecentEntries<Value> {
  readonly #bytesMax: number;
  readonly #onDrop: (name: string, value: Value) => void;
  /** In the order of their last use. */
  readonly #entries = new Map<string, { readonly value: Value; readonly bytes: number }>();
  #bytes = 0;

  /** `onDrop` is told of every entry that makes room. */
  constructor(bytesMax: number, onDrop: (name: string, value: Value) => void = () => undefined) {
    this.#bytesMax = bytesMax;
    this.#onDrop = onDrop;
  }

  get(name: string): Value | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry.value;
  }

  /** Adds or replaces. An entry that is larger than all there is is dropped itself. */
  set(name: string, value: Value, bytes: number): void {
    this.delete(name);
    this.#entries.set(name, { value, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax) {
      const [oldest, entry] = this.#entries.entries().next().value!;
      this.delete(oldest);
      this.#onDrop(oldest, entry.value);
    }
  }

  delete(name: string): void {
    this.#bytes -= this.#entries.get(name)?.bytes ?? 0;
    this.#entries.delete(name);
  }
}
