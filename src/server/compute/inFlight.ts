/** Counts tasks by the epoch they began in, so that one can wait for all that were there at a moment. */
export class InFlight {
  #current: Epoch = { open: 0, waiting: [] };
  /** Older epochs with open tasks, oldest first. */
  #older: Epoch[] = [];

  /** A task begins; the returned function says, once, that it ended. */
  begin(): () => void {
    const epoch = this.#current;
    epoch.open++;
    return () => {
      epoch.open--;
      if (epoch.open === 0) this.#settle();
    };
  }

  /** Resolves when all that began before this call has ended. */
  ended(): Promise<void> {
    if (this.#current.open === 0 && this.#older.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#current.waiting.push(resolve);
      this.#older.push(this.#current);
      this.#current = { open: 0, waiting: [] };
      this.#settle();
    });
  }

  #settle(): void {
    while (this.#older.length > 0 && this.#older[0]!.open === 0) {
      for (const resolve of this.#older.shift()!.waiting) resolve();
    }
  }
}

interface Epoch {
  open: number;
  readonly waiting: (() => void)[];
}
