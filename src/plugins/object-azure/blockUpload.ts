import type { BlobRequestConditions } from '@azure/storage-blob';
import { unshared } from '../../core/ports/objectBody.ts';
import type { Calls } from './calls.ts';
import { failureOf } from './errors.ts';

/** What comes with the blob: its mark and the condition of the write. */
export interface CommitOptions {
  readonly metadata: Record<string, string>;
  readonly conditions: BlobRequestConditions;
}

/**
 * A blob sent in blocks, which are seen together when their list is committed. Blocks that nobody commits are deleted by the
 * service after a week, or by the next write of the blob: then they are sent again.
 */
export class BlockUpload {
  readonly #calls: Calls;
  readonly #blob: string;
  readonly #bytes: Uint8Array;
  readonly #partBytes: number;
  readonly #ids: readonly string[];
  #isStaged = false;

  /** `mark` makes the ids of this upload its own. */
  constructor(calls: Calls, blob: string, bytes: Uint8Array, partBytes: number, mark: string) {
    this.#calls = calls;
    this.#blob = blob;
    this.#bytes = bytes;
    this.#partBytes = partBytes;
    // All ids of a blob must have one length.
    this.#ids = Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, i) =>
      Buffer.from(`${mark}-${String(i).padStart(5, '0')}`).toString('base64'),
    );
  }

  /** One attempt to commit, after all blocks were sent, `inFlightMax` at a time. Resolves with the ETag. */
  async send(inFlightMax: number, options: CommitOptions): Promise<string | undefined> {
    if (!this.#isStaged) await this.#stage(inFlightMax);
    this.#isStaged = true;
    try {
      const { etag } = await this.#calls.once((container, { abortSignal }) =>
        container.getBlockBlobClient(this.#blob).commitBlockList([...this.#ids], { ...options, abortSignal }),
      );
      return etag;
    } catch (caught) {
      if (failureOf(caught).code === 'InvalidBlockList') this.#isStaged = false;
      throw caught;
    }
  }

  async #stage(inFlightMax: number): Promise<void> {
    let next = 0;
    const sender = async (): Promise<void> => {
      try {
        while (next < this.#ids.length) await this.#stageBlock(next++);
      } catch (caught) {
        next = this.#ids.length;
        throw caught;
      }
    };
    // Waits for all of them, so that nobody reads the caller's bytes afterwards.
    const outcomes = await Promise.allSettled(Array.from({ length: inFlightMax }, sender));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #stageBlock(at: number): Promise<void> {
    const block = unshared(this.#bytes.subarray(at * this.#partBytes, (at + 1) * this.#partBytes));
    await this.#calls.retried((container, options) =>
      container.getBlockBlobClient(this.#blob).stageBlock(this.#ids[at]!, block, block.length, options),
    );
  }
}
