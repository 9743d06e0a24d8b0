/** Runs what is given for one key one after another, for different keys at once. */
export class KeyMutex {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<Result>(key: string, action: () => Promise<Result>): Promise<Result> {
    const turn = Promise.withResolvers<void>();
    const before = this.#tails.get(key);
    this.#tails.set(key, turn.promise);
    await before;
    try {
      return await action();
    } finally {
      if (this.#tails.get(key) === turn.promise) this.#tails.delete(key);
      turn.resolve();
    }
  }
}
