import type { WalPulsarConfig } from './config.ts';
import { encodeMessageId, entryKey, parseEntryId } from './entries.ts';
import { isKind, pulsarError, unknownOutcome } from './errors.ts';
import {
  loadPulsarPackage,
  type MessageId,
  type NativeClient,
  type NativeProducer,
  type NativeReader,
  type PulsarPackage,
} from './nativeClient.ts';
import { type Publisher, STREAM_STALL_MS, type Transport, type Wanted } from './transport.ts';

const CONNECT_MS_MAX = 10_000;
const RECEIVER_QUEUE_MAX = 1_000;
/** When none came so long after a reader was made, all may have been dropped. */
const FIRST_MESSAGE_MS = 300;
/** The client ends a send by itself; should it not, so long after that it is given up. */
const GRACE_MS = 5_000;

/**
 * Pulsar's own protocol, by the package pulsar-client. Its reader has faults that would end the process, or lose a message
 * (versions 1.15 to 1.18); hence:
 * - readers have a listener: `readNext` frees what it has not got when it fails
 * - a reader is closed in its listener, in which its thread then waits: a message that comes just then would be handed to
 *   a listener that is freed. One that never hears of its last message stays open as long as the client
 * - what comes before `createReader` resolves is dropped, so `stream` may lack the first messages, or all
 */
export class NativeTransport implements Transport {
  readonly #package: PulsarPackage;
  readonly #client: NativeClient;
  readonly #config: WalPulsarConfig;
  readonly #openReaders = new Set<NativeReader>();

  /** Errors: Unsupported when the package is not there. */
  constructor(config: WalPulsarConfig) {
    this.#config = config;
    this.#package = loadPulsarPackage(config.client);
    const { Client, AuthenticationToken } = this.#package;
    const { serviceUrl, token, tls, callTimeoutMs } = config;
    this.#client = new Client({
      serviceUrl: serviceUrl!,
      operationTimeoutSeconds: Math.ceil(callTimeoutMs / 1_000),
      connectionTimeoutMs: Math.min(CONNECT_MS_MAX, callTimeoutMs),
      tlsValidateHostname: true,
      ...(token !== undefined && { authentication: new AuthenticationToken({ token }) }),
      ...(tls !== undefined && { tlsTrustCertsFilePath: tls.ca }),
    });
  }

  async publish(topic: string): Promise<Publisher> {
    try {
      const producer = await this.#client.createProducer({
        topic: this.#fullName(topic),
        batchingEnabled: false,
        sendTimeoutMs: this.#config.appendTimeoutMs,
        // What may be in flight is less than the client's own queue takes.
        blockIfQueueFull: false,
      });
      return new NativePublisher(producer, topic, this.#config.appendTimeoutMs + GRACE_MS);
    } catch (caught) {
      throw pulsarError(caught, `writing to topic ${topic}`);
    }
  }

  stream(topic: string, { after, last, count }: Wanted, signal: AbortSignal): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    const lastKey = entryKey(last);
    const { promise, resolve } = Promise.withResolvers<Map<string, Buffer>>();
    let isOver = false;
    let isClosed = false;
    const finish = (): void => {
      isOver = true;
      clearTimeout(stall);
      signal.removeEventListener('abort', finish);
      resolve(found);
    };
    let stall = setTimeout(finish, STREAM_STALL_MS);
    const stallAfter = (ms: number): void => {
      clearTimeout(stall);
      if (!isOver) stall = setTimeout(finish, ms);
    };
    signal.addEventListener('abort', finish);
    const { MessageId } = this.#package;
    this.#client
      .createReader({
        topic: this.#fullName(topic),
        startMessageId:
          after === undefined ? MessageId.earliest() : MessageId.deserialize(encodeMessageId(after)),
        receiverQueueSize: Math.min(count, RECEIVER_QUEUE_MAX),
        listener: (message, reader) => {
          const key = entryKeyOf(message.getMessageId());
          if (!isOver) {
            if (found.size === 0) stallAfter(STREAM_STALL_MS);
            else stall.refresh();
            found.set(key, message.getData());
            if (key !== lastKey) return undefined;
            finish();
          }
          isClosed = true;
          this.#openReaders.delete(reader);
          return closeQuietly(reader);
        },
      })
      .then((reader) => {
        if (!isClosed) this.#openReaders.add(reader);
        if (found.size === 0) stallAfter(FIRST_MESSAGE_MS);
      }, finish);
    return promise;
  }

  async close(): Promise<void> {
    await closeQuietly(this.#client.client ?? this.#client);
    await Promise.all([...this.#openReaders].map(closeQuietly));
  }

  #fullName(topic: string): string {
    return `persistent://${this.#config.namespace}/${topic}`;
  }
}

class NativePublisher implements Publisher {
  readonly #producer: NativeProducer;
  readonly #topic: string;
  readonly #timeoutMs: number;

  constructor(producer: NativeProducer, topic: string, timeoutMs: number) {
    this.#producer = producer;
    this.#topic = topic;
    this.#timeoutMs = timeoutMs;
  }

  async send(data: Buffer): Promise<void> {
    const { promise: timedOut, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Error(`no answer within ${this.#timeoutMs} ms`)),
      this.#timeoutMs,
    );
    try {
      await Promise.race([this.#producer.send({ data }), timedOut]);
    } catch (caught) {
      const error = pulsarError(caught, `writing to topic ${this.#topic}`);
      throw isKind(error, 'Fenced') || isKind(error, 'TooLarge')
        ? error
        : unknownOutcome(this.#topic, caught);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): Promise<void> {
    return closeQuietly(this.#producer);
  }
}

/** Of something that may be closed already, by us or by the broker. */
async function closeQuietly(closable: { close(): Promise<unknown> | undefined }): Promise<void> {
  try {
    await closable.close();
  } catch (error) {
    // What it was for is over; a broker that is away is told by its absence.
    if (!(error instanceof Error)) throw error;
  }
}

/** Of `(ledger,entry,partition,batch)`. */
function entryKeyOf(id: MessageId): string {
  return entryKey(parseEntryId(id.toString().slice(1), ','));
}
