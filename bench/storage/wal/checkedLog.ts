import {
  compareWalPositions,
  type Wal,
  type WalPosition,
  type WalWriter,
} from '../../../src/core/ports/wal.ts';
import type { StampedBytes } from '../stampedBytes.ts';

/** One channel whose records are numbered, so that what was acknowledged can be looked for. */
export class CheckedLog {
  readonly #channel: string;
  readonly #owner: number;
  readonly #payload: StampedBytes;
  readonly #writer: WalWriter;
  #appended = 0;
  #acknowledged = 0;
  #last: WalPosition | undefined;

  /** `owner`: its number among the channels. */
  constructor(writer: WalWriter, owner: number, payload: StampedBytes) {
    this.#channel = writer.channel;
    this.#owner = owner;
    this.#payload = payload;
    this.#writer = writer;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** `slot` is memory that no append in flight has. Rejects when an acknowledgement overtakes an earlier one. */
  async append(slot: Buffer): Promise<number> {
    const number = this.#appended++;
    const position = await this.#writer.append(this.#payload.stamp(slot, this.#owner, number));
    if (number !== this.#acknowledged++)
      throw new Error(`record ${number} was acknowledged before an earlier one`);
    this.#last = position;
    return slot.length;
  }

  closeWriter(): Promise<void> {
    return this.#writer.close();
  }

  /** Reads all from the beginning: every acknowledged record must be there, in order. Resolves with their bytes. */
  async check(wal: Wal): Promise<number> {
    let count = 0;
    let bytes = 0;
    let before: WalPosition | undefined;
    for await (const { position, record } of wal.read(this.#channel, undefined)) {
      this.#payload.check(record, this.#owner, count++);
      bytes += record.length;
      if (before !== undefined && compareWalPositions(before, position) >= 0)
        throw new Error(`positions of ${this.#channel} do not rise`);
      before = position;
    }
    if (count !== this.#acknowledged)
      throw new Error(`${this.#channel} has ${count} of ${this.#acknowledged} acknowledged records`);
    if (this.#last !== undefined && compareWalPositions(this.#last, before!) !== 0)
      throw new Error(`the last record of ${this.#channel} lies elsewhere than was acknowledged`);
    return bytes;
  }

  /** Gives up all records. */
  async discard(wal: Wal): Promise<void> {
    if (this.#last !== undefined) await wal.truncate(this.#channel, this.#last);
  }
}
