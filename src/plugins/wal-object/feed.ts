import type { Clock } from '../../core/ports/clock.ts';
import type { Block } from './block.ts';

/** What the writer of this process hands to one tail, up to `bytesMax` of blocks; what does not fit is left out. */
export class Feed {
  readonly #bytesMax: number;
  readonly #blocks: Block[] = [];
  #bytes = 0;
  #wake: AbortController | undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Whether it fits. */
  push(block: Block): boolean {
    const fits = this.#bytes + block.bytes.length <= this.#bytesMax;
    if (fits) {
      this.#blocks.push(block);
      this.#bytes += block.bytes.length;
    }
    this.#wake?.abort();
    return fits;
  }

  take(): Block | undefined {
    const block = this.#blocks.shift();
    if (block !== undefined) this.#bytes -= block.bytes.length;
    return block;
  }

  /** Resolves when something was pushed, after `delayMs`, or when `ended` fires. */
  async wait(clock: Clock, delayMs: number, ended: AbortSignal): Promise<void> {
    this.#wake = new AbortController();
    const signal = AbortSignal.any([this.#wake.signal, ended]);
    try {
      await clock.sleep(delayMs, signal);
    } catch (caught) {
      if (!signal.aborted) throw caught;
    } finally {
      this.#wake = undefined;
    }
  }
}
