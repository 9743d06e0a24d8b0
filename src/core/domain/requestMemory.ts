/**
 * Answers of recent requests by their id, so that a repeat after a lost reply is answered and not done again. Failures
 * are forgotten: a repeat tries again. Holds at most `capacity` answers, the oldest go first.
 */
export class RequestMemory {
  readonly #answers = new Map<string, Promise<unknown>>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** `requestId` '' = never a repeat. A repeat while the first runs waits for the same answer. */
  async once<Answer>(operation: string, requestId: string, perform: () => Promise<Answer>): Promise<Answer> {
    if (requestId === '') return perform();
    const key = `${operation}/${requestId}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known as Promise<Answer>;
    const answer = perform();
    this.#answers.set(key, answer);
    if (this.#answers.size > this.#capacity) this.#answers.delete(this.#answers.keys().next().value!);
    try {
      return await answer;
    } catch (error) {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
      throw error;
    }
  }
}
