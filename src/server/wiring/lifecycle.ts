import { ElanusError } from '../../core/domain/errors.ts';
import type { Logger } from '../../core/ports/logger.ts';

interface Opened {
  readonly name: string;
  readonly close: () => Promise<void> | void;
  readonly closeTimeoutMs: number;
}

const CLOSE_TIMEOUT_MS = 10_000;

/** Everything that was opened, in order; closes it in reverse, each part with a deadline of its own. */
export class Lifecycle {
  readonly #logger: Logger;
  readonly #opened: Opened[] = [];
  #closing: Promise<readonly string[]> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Opens a part and remembers how to close it. When it cannot be opened the error goes to the caller, who closes the rest.
   * `closeTimeoutMs`: how long closing may take before the next part is closed anyway.
   */
  async open<Part>(
    name: string,
    open: () => Promise<Part> | Part,
    close: (part: Part) => Promise<void> | void,
    closeTimeoutMs = CLOSE_TIMEOUT_MS,
  ): Promise<Part> {
    const part = await open();
    if (this.#closing !== undefined) {
      await close(part);
      throw new ElanusError('Closed', 'the server was stopped while it started', { context: { part: name } });
    }
    this.#opened.push({ name, close: () => close(part), closeTimeoutMs });
    return part;
  }

  /** Closes everything once; a second call waits for the first. Resolves with the names of the parts that failed to close. */
  close(): Promise<readonly string[]> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<readonly string[]> {
    const failed: string[] = [];
    for (let part = this.#opened.pop(); part !== undefined; part = this.#opened.pop()) {
      try {
        await withDeadline(part);
      } catch (error) {
        failed.push(part.name);
        this.#logger.error('a part did not close', { part: part.name, reason: ElanusError.from(error).text });
      }
    }
    return failed;
  }
}

async function withDeadline(part: Opened): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      new ElanusError('Timeout', 'closing took too long', { context: { limitMs: part.closeTimeoutMs } }),
    );
  }, part.closeTimeoutMs);
  try {
    await Promise.race([part.close(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
