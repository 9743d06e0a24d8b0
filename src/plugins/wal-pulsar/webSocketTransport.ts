import { ElanusError } from '../../core/domain/errors.ts';
import type { Admin } from './admin.ts';
import type { WalPulsarConfig } from './config.ts';
import { decodeMessageId, encodeMessageId, entryKey } from './entries.ts';
import { Patience, type TimeParts } from './retry.ts';
import { type Publisher, STREAM_STALL_MS, type Transport, type Wanted } from './transport.ts';
import { type ConnectPublisher, WebSocketPublisher } from './webSocketPublisher.ts';

const RECEIVER_QUEUE_MAX = 1_000;

/** A message that a reader is given. */
interface Delivery {
  readonly messageId: string;
  readonly payload: string;
}

/** Pulsar's WebSocket service. It has no exclusive writers; nobody else knows the name of a topic before it is sealed. */
export class WebSocketTransport implements Transport {
  readonly #config: WalPulsarConfig;
  readonly #admin: Admin;
  readonly #parts: TimeParts;
  readonly #base: string;

  constructor(config: WalPulsarConfig, admin: Admin, parts: TimeParts) {
    this.#config = config;
    this.#admin = admin;
    this.#parts = parts;
    const url = config.webSocketUrl ?? config.webServiceUrl.replace(/^http/, 'ws');
    this.#base = `${url.replace(/\/$/, '')}/ws/v2`;
  }

  async publish(topic: string): Promise<Publisher> {
    const { callTimeoutMs, appendTimeoutMs } = this.#config;
    const connect: ConnectPublisher = {
      patience: (timeoutMs, signal) => new Patience(this.#parts, timeoutMs, signal),
      open: () => this.#socket('producer', topic, { batchingEnabled: 'false' }),
      requireOpen: (patience) => this.#requireOpen(topic, patience),
    };
    const publisher = new WebSocketPublisher(topic, callTimeoutMs, appendTimeoutMs, connect);
    await publisher.connected;
    return publisher;
  }

  stream(topic: string, { after, last, count }: Wanted, signal: AbortSignal): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    const lastKey = entryKey(last);
    const socket = this.#socket('reader', topic, {
      messageId: after === undefined ? 'earliest' : encodeMessageId(after).toString('base64'),
      receiverQueueSize: String(Math.min(count, RECEIVER_QUEUE_MAX)),
    });
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(stall);
        signal.removeEventListener('abort', finish);
        socket.close();
        resolve(found);
      };
      const stall = setTimeout(finish, STREAM_STALL_MS);
      signal.addEventListener('abort', finish);
      socket.addEventListener('close', finish);
      socket.addEventListener('message', ({ data }) => {
        const { messageId, payload } = JSON.parse(String(data)) as Delivery;
        const key = entryKey(decodeMessageId(Buffer.from(messageId, 'base64')));
        found.set(key, Buffer.from(payload, 'base64'));
        if (key === lastKey) return finish();
        stall.refresh();
        // Lets the service send one more.
        socket.send(JSON.stringify({ messageId }));
      });
    });
  }

  /** Publishers are closed by their owners, readers with their stream. */
  async close(): Promise<void> {}

  /** The service says no more than that it did not connect. Errors: Fenced, NotFound; none when another attempt may succeed. */
  async #requireOpen(topic: string, patience: Patience): Promise<void> {
    if ((await this.#admin.state(topic, patience)) === undefined)
      throw new ElanusError('NotFound', `topic ${topic} does not exist`);
    if (await this.#admin.isTerminated(topic, patience))
      throw new ElanusError('Fenced', `topic ${topic} is sealed`);
  }

  #socket(kind: 'producer' | 'reader', topic: string, query: Readonly<Record<string, string>>): WebSocket {
    const { namespace, token } = this.#config;
    const path = `${kind}/persistent/${namespace}/${encodeURIComponent(topic)}`;
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new WebSocket(`${this.#base}/${path}?${new URLSearchParams(query)}`, { headers });
  }
}
