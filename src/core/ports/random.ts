/** Randomness, so that a simulation can seed it. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A version 4 UUID in its usual text form. */
  uuid(): string;
}
