import { ElanusError } from '../../core/domain/errors.ts';
import { closed, isKind, pulsarError, unknownOutcome } from './errors.ts';
import type { Patience } from './retry.ts';
import type { Publisher } from './transport.ts';

/** Of RFC 6455: the message is larger than the service takes. */
const TOO_LARGE_CODE = 1009;
const CONNECT_MS_MAX = 10_000;

export interface ConnectPublisher {
  patience(timeoutMs: number, signal: AbortSignal): Patience;
  open(): WebSocket;
  /** Errors: why no attempt will ever succeed. */
  requireOpen(patience: Patience): Promise<void>;
}

/** What the service answers to a message. */
interface Reply {
  readonly result: string;
  readonly context: string;
  readonly errorMsg?: string;
}

interface Unanswered {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A writer of one topic that connects again when it is cut off, and then sends again what was not answered. Readers drop
 * the second copy.
 */
export class WebSocketPublisher implements Publisher {
  /** Settles with the first connection. Errors: Fenced, NotFound, Unavailable. */
  readonly connected: Promise<void>;
  readonly #topic: string;
  readonly #sendMs: number;
  readonly #connect: ConnectPublisher;
  readonly #closed = new AbortController();
  /** By context, in the order they were sent. */
  readonly #unanswered = new Map<string, Unanswered>();
  #nextContext = 0;
  /** Undefined while it is not connected. */
  #socket: WebSocket | undefined;
  #failed: ElanusError | undefined;

  /** `connectMs`: how long it tries to connect at first. `sendMs`: how long a message may go unanswered. */
  constructor(topic: string, connectMs: number, sendMs: number, connect: ConnectPublisher) {
    this.#topic = topic;
    this.#sendMs = sendMs;
    this.#connect = connect;
    this.connected = this.#reconnect(connectMs);
  }

  send(data: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) return reject(this.#failed);
      const context = String(this.#nextContext++);
      const text = JSON.stringify({ payload: data.toString('base64'), context });
      const timer = setTimeout(() => this.#fail(this.#unknown('no answer in time')), this.#sendMs);
      this.#unanswered.set(context, { text, resolve, reject, timer });
      this.#socket?.send(text);
    });
  }

  async close(): Promise<void> {
    this.#fail(closed(`the publisher of topic ${this.#topic}`));
  }

  /** Until it is connected, or will never be. */
  async #reconnect(timeoutMs: number): Promise<void> {
    const patience = this.#connect.patience(timeoutMs, this.#closed.signal);
    for (;;) {
      try {
        this.#listen(await opened(this.#connect.open()));
        return;
      } catch (caught) {
        await this.#connect.requireOpen(patience);
        if (patience.isOver) throw pulsarError(caught, `connecting to topic ${this.#topic}`);
      }
      await patience.wait();
    }
  }

  #listen(socket: WebSocket): void {
    if (this.#failed !== undefined) {
      socket.close();
      return;
    }
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#answer(JSON.parse(String(data))));
    socket.addEventListener('close', ({ code, reason }) => this.#cut(socket, code, reason));
    for (const { text } of this.#unanswered.values()) socket.send(text);
  }

  #answer({ result, context, errorMsg = result }: Reply): void {
    const answered = this.#unanswered.get(context);
    if (answered === undefined) return;
    if (result === 'ok') {
      this.#forget(context, answered);
      answered.resolve();
      return;
    }
    const error = pulsarError(new Error(errorMsg), `writing to topic ${this.#topic}`);
    if (isKind(error, 'TooLarge')) {
      this.#forget(context, answered);
      answered.reject(error);
    } else if (isKind(error, 'Fenced')) this.#fail(error);
    // Sent again over a new connection, in order with what is behind it.
    else this.#socket?.close();
  }

  #cut(socket: WebSocket, code: number, reason: string): void {
    if (this.#socket !== socket || this.#failed !== undefined) return;
    this.#socket = undefined;
    if (code === TOO_LARGE_CODE) this.#refuseLargest(reason);
    else void this.#resume();
  }

  /** However long it takes: a message that waits too long ends it, and so does `close`. */
  async #resume(): Promise<void> {
    try {
      await this.#reconnect(Number.POSITIVE_INFINITY);
    } catch (caught) {
      this.#fail(isKind(caught, 'Fenced') ? ElanusError.from(caught) : this.#unknown(caught));
    }
  }

  #refuseLargest(reason: string): void {
    const [largest] = [...this.#unanswered].sort(([, a], [, b]) => b.text.length - a.text.length);
    if (largest !== undefined) {
      this.#forget(...largest);
      largest[1].reject(pulsarError(new Error(reason), `writing to topic ${this.#topic}`));
    }
    this.#fail(this.#unknown(reason));
  }

  #fail(error: ElanusError): void {
    this.#failed ??= error;
    for (const [context, unanswered] of this.#unanswered) {
      this.#forget(context, unanswered);
      unanswered.reject(error);
    }
    this.#closed.abort();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #forget(context: string, { timer }: Unanswered): void {
    clearTimeout(timer);
    this.#unanswered.delete(context);
  }

  #unknown(cause: unknown): ElanusError {
    return unknownOutcome(this.#topic, cause);
  }
}

/** Rejects when the service refuses, or says nothing. */
function opened(socket: WebSocket): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.close();
      reject(new Error(`no connection within ${CONNECT_MS_MAX} ms`));
    }, CONNECT_MS_MAX);
    socket.addEventListener('open', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.addEventListener('close', () => {
      clearTimeout(timer);
      reject(new Error('the WebSocket service refused the connection'));
    });
  });
}
