import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { WalPosition, WalWriter } from '../../core/ports/wal.ts';
import type { ChainTopic } from './chain.ts';
import type { Channel } from './channel.ts';
import { closed, fenced, isKind, unknownOutcome } from './errors.ts';
import { encodeMessage } from './messages.ts';
import { encodePosition } from './names.ts';
import { Outbox, type Outgoing } from './outbox.ts';
import { Patience } from './retry.ts';
import { beginNextTopic, type OwnedTopic } from './takeOver.ts';
import type { Publisher } from './transport.ts';

const MESSAGES_IN_FLIGHT_MAX = 8;
/** The number of a message is u32. */
const TOPIC_MESSAGES_MAX = 0xffff_ffff;
/** After so long without an answer, and after a failure, the index is asked whether somebody took over … */
const DOUBT_MS = 1_000;
/** … for so long. */
const WHY_MS_MAX = 2_000;

interface Sent extends Outgoing {
  readonly bytes: number;
  isDurable: boolean;
  failure: ElanusError | undefined;
}

/**
 * One term of one channel. Appends that come while messages are in flight go out together in the next one. The broker refuses
 * a writer whose topic was sealed, so nothing needs to be checked before or after a message.
 */
export class PulsarWalWriter implements WalWriter {
  readonly channel: string;
  readonly term: number;
  readonly #channel: Channel;
  readonly #outbox: Outbox;
  readonly #closed = new AbortController();
  #topic: ChainTopic;
  #publisher: Publisher;
  /** In the order they were sent. */
  readonly #inFlight: Sent[] = [];
  #nextNumber = 0;
  #topicBytes = 0;
  #queuedBytes = 0;
  #isPumpDue = false;
  #isChangingTopic = false;
  /** The first message that failed: nothing is sent any more, and what is in flight decides about itself. */
  #failed: Sent | undefined;
  /** Why no append is taken any more. */
  #ended: ElanusError | undefined;
  #idleWaiters: (() => void)[] = [];
  #closing: Promise<void> | undefined;
  /** Runs while something is in flight. */
  #doubts: NodeJS.Timeout | undefined;

  constructor(channel: Channel, { topic, publisher }: OwnedTopic) {
    this.channel = channel.name;
    this.term = topic.term;
    this.#channel = channel;
    this.#topic = topic;
    this.#publisher = publisher;
    this.#outbox = new Outbox(channel.parts.config.messageBytesMax);
  }

  append(record: Uint8Array): Promise<WalPosition> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refuse(record.length);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const bytes = record.length;
      this.#queuedBytes += bytes;
      this.#outbox.add({
        record,
        resolve: (at) => {
          this.#queuedBytes -= bytes;
          const { term, index } = this.#topic;
          resolve(encodePosition({ term, index, ...at }));
        },
        reject: (error) => {
          this.#queuedBytes -= bytes;
          reject(error);
        },
      });
      if (this.#isPumpDue) return;
      this.#isPumpDue = true;
      // After what the caller does in this turn, so that appends started together share a message.
      process.nextTick(() => {
        this.#isPumpDue = false;
        this.#pump();
      });
    });
  }

  /** Ends the writer for a higher term. What became of the messages in flight the broker knows, and says. */
  fence(byTerm: number): void {
    this.#end(fenced(this.channel, this.term, byTerm));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    this.#end(closed(`the writer of channel ${this.channel}`));
    this.#closed.abort();
    await this.#publisher.close();
  }

  #refuse(bytes: number): ElanusError | undefined {
    if (this.#ended !== undefined) return this.#ended;
    if (this.#closing !== undefined) return closed(`the writer of channel ${this.channel}`);
    const { recordBytesMax, queuedBytesMax } = this.#channel.parts.config;
    if (bytes === 0) return invalid('a record must have at least 1 byte, got 0');
    if (bytes > recordBytesMax) {
      const text = `a record of ${bytes} bytes is above recordBytesMax ${recordBytesMax}`;
      return new ElanusError('TooLarge', text);
    }
    // A record above queuedBytesMax has the queue for itself.
    if (this.#queuedBytes === 0 || this.#queuedBytes + bytes <= queuedBytesMax) return undefined;
    const text = `${this.#queuedBytes} bytes wait for Pulsar; queuedBytesMax is ${queuedBytesMax}`;
    return new ElanusError('Exhausted', text, { context: { channel: this.channel } });
  }

  #pump(): void {
    while (this.#mayTake && this.#inFlight.length < MESSAGES_IN_FLIGHT_MAX) {
      if (this.#isTopicFull) {
        if (this.#inFlight.length === 0) void this.#changeTopic();
        break;
      }
      void this.#send(this.#outbox.take(this.#nextNumber++));
    }
    this.#wakeIdle();
  }

  get #mayTake(): boolean {
    if (this.#ended !== undefined || this.#failed !== undefined) return false;
    return !this.#isChangingTopic && !this.#outbox.isEmpty;
  }

  get #isTopicFull(): boolean {
    // All pieces of a record lie in one topic.
    if (this.#outbox.isInPieces) return false;
    const { topicBytesMax, messageBytesMax, recordBytesMax } = this.#channel.parts.config;
    const messagesMax = TOPIC_MESSAGES_MAX - Math.ceil(recordBytesMax / messageBytesMax);
    return this.#topicBytes >= topicBytesMax || this.#nextNumber >= messagesMax;
  }

  /** Never rejects. */
  async #send(outgoing: Outgoing): Promise<void> {
    const data = encodeMessage({ writer: this.#topic.writer, ...outgoing });
    const sent: Sent = { ...outgoing, bytes: data.length, isDurable: false, failure: undefined };
    this.#inFlight.push(sent);
    this.#topicBytes += sent.bytes;
    this.#doubts ??= setInterval(() => void this.#doubt(), DOUBT_MS);
    try {
      await this.#publisher.send(data);
      sent.isDurable = true;
    } catch (caught) {
      sent.failure = ElanusError.from(caught);
      this.#failed ??= sent;
    }
    this.#acknowledge();
    if (this.#failed === undefined) this.#pump();
    else if (this.#inFlight.every(({ isDurable, failure }) => isDurable || failure !== undefined)) {
      await this.#die(this.#failed);
    }
  }

  /** In order, whatever the order in which the client says so. */
  #acknowledge(): void {
    this.#doubts?.refresh();
    while (this.#inFlight[0]?.isDurable) {
      const { appends, number, piece } = this.#inFlight.shift()!;
      for (const [record, append] of appends.entries()) append.resolve({ message: number - piece, record });
    }
    if (this.#inFlight.length === 0) this.#trust();
    this.#channel.notify();
  }

  /** A client goes on trying to reach a topic that was sealed and then deleted, until the time of its message is over. */
  async #doubt(): Promise<void> {
    const superseded = await this.#superseded();
    if (superseded === undefined) return;
    this.#end(superseded);
    await this.#publisher.close();
  }

  #trust(): void {
    clearInterval(this.#doubts);
    this.#doubts = undefined;
  }

  /** Once nothing is in flight that could still be acknowledged. */
  async #die(failed: Sent): Promise<void> {
    this.#trust();
    const superseded = await this.#superseded();
    const cause = failed.failure!;
    const ended =
      superseded ??
      (isKind(cause, 'Fenced') ? cause : closed(`the writer of channel ${this.channel}`, cause));
    for (const sent of this.#inFlight.splice(0)) {
      const isRefused = isKind(sent.failure, 'TooLarge');
      const error = isRefused
        ? sent.failure
        : ended.kind === 'Fenced'
          ? ended
          : unknownOutcome(this.channel, cause);
      for (const append of sent.appends) append.reject(error);
    }
    this.#end(ended);
    await this.#publisher.close();
  }

  async #superseded(): Promise<ElanusError | undefined> {
    try {
      const patience = new Patience(this.#channel.parts, WHY_MS_MAX, this.#closed.signal);
      const { term } = await this.#channel.index.refresh(patience);
      return term > this.term ? fenced(this.channel, this.term, term) : undefined;
    } catch {
      // Then the failure itself has to do.
      return undefined;
    }
  }

  /** Never rejects. Nothing is in flight. */
  async #changeTopic(): Promise<void> {
    this.#isChangingTopic = true;
    try {
      await this.#publisher.close();
      const owned = await beginNextTopic(this.#channel, this.#topic, this.#closed.signal);
      this.#topic = owned.topic;
      this.#publisher = owned.publisher;
      this.#nextNumber = 0;
      this.#topicBytes = 0;
    } catch (caught) {
      this.#end(
        isKind(caught, 'Fenced')
          ? ElanusError.from(caught)
          : closed(`the writer of channel ${this.channel}`, caught),
      );
    }
    this.#isChangingTopic = false;
    this.#pump();
  }

  /** What was not sent is refused. */
  #end(error: ElanusError): void {
    this.#ended ??= error;
    for (const append of this.#outbox.takeAll()) append.reject(this.#ended);
    this.#channel.notify();
    this.#wakeIdle();
  }

  get #isIdle(): boolean {
    return this.#outbox.isEmpty && this.#inFlight.length === 0 && !this.#isChangingTopic;
  }

  #wakeIdle(): void {
    if (this.#isIdle) for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}
