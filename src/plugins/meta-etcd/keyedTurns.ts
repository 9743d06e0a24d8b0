/** Lets calls that share a key run in the order in which they came; others run side by side. */
export class KeyedTurns {
  readonly #last = new Map<string, Promise<void>>();
  readonly #running = new Set<Promise<void>>();

  run<Result>(keys: readonly string[], call: () => Promise<Result>): Promise<Result> {
    const before = new Set(keys.flatMap((key) => this.#last.get(key) ?? []));
    const result = before.size === 0 ? call() : Promise.all(before).then(call);
    const done: Promise<void> = result.then(
      () => this.#end(keys, done),
      () => this.#end(keys, done),
    );
    for (const key of keys) this.#last.set(key, done);
    this.#running.add(done);
    return result;
  }

  /** Resolves when no call runs or waits. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #end(keys: readonly string[], done: Promise<void>): void {
    for (const key of keys) if (this.#last.get(key) === done) this.#last.delete(key);
    this.#running.delete(done);
  }
}
