/** Says when work that failed may be done again: when something happens, but not more often than the pause allows. */
export class Retries<Key extends WeakKey> {
  readonly #nowMs: () => number;
  readonly #pauseMs: number;
  readonly #failedAtMs = new WeakMap<Key, number>();

  constructor(nowMs: () => number, pauseMs: number) {
    this.#nowMs = nowMs;
    this.#pauseMs = pauseMs;
  }

  failed(key: Key): void {
    this.#failedAtMs.set(key, this.#nowMs());
  }

  succeeded(key: Key): void {
    this.#failedAtMs.delete(key);
  }

  /** It did not fail, or long enough ago. */
  mayTry(key: Key): boolean {
    const failedAtMs = this.#failedAtMs.get(key);
    return failedAtMs === undefined || this.#nowMs() - failedAtMs >= this.#pauseMs;
  }
}
