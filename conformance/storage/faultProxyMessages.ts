import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Wire } from './faultProxy.ts';
import type { Framing } from './faultProxyFrames.ts';
import { type Fault, settingsOf } from './faultProxyPlan.ts';

/** Relays connections message by message. */
export function messageRelay(wire: Wire, framing: Framing): (client: Socket) => void {
  return (client) => {
    new Relay(wire, framing, client);
  };
}

class Relay {
  readonly #wire: Wire;
  readonly #framing: Framing;
  readonly #client: Socket;
  readonly #server: Socket;
  #isCut = false;
  /** What waits for the answer to a request. */
  #awaited: { readonly request: Buffer; readonly fault: Fault } | undefined;

  constructor(wire: Wire, framing: Framing, client: Socket) {
    this.#wire = wire;
    this.#framing = framing;
    this.#client = client;
    this.#server = connect({ port: wire.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    // What was cut is still written to; whoever reads there learns of the cut.
    for (const socket of [this.#client, this.#server]) socket.on('error', () => undefined);
    void this.#pump(this.#client, this.#server, (message) => this.#request(message));
    void this.#pump(this.#server, this.#client, (message) => this.#reply(message));
  }

  /** Never rejects: the failure of one side is the cut of the other. */
  async #pump(from: Socket, to: Socket, pass: (message: Buffer) => Promise<void>): Promise<void> {
    let rest: Buffer = Buffer.alloc(0);
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        rest = Buffer.concat([rest, chunk as Buffer]);
        for (let bytes = this.#complete(rest); bytes > 0; bytes = this.#complete(rest)) {
          if (this.#isCut) return;
          await pass(rest.subarray(0, bytes));
          rest = rest.subarray(bytes);
        }
      }
      await this.#wire.passable();
      if (!this.#isCut) to.end(rest);
    } catch {
      this.#cut();
    }
  }

  /** Bytes of the first message of `bytes`, 0 when it is not complete. */
  #complete(bytes: Buffer): number {
    const messageBytes = bytes.length === 0 ? undefined : this.#framing.messageBytes(bytes);
    return messageBytes === undefined || messageBytes > bytes.length ? 0 : messageBytes;
  }

  async #request(message: Buffer): Promise<void> {
    const { plan } = this.#wire;
    const fault = this.#framing.isRequest(message)
      ? plan.faultFor({ method: this.#framing.method(message), path: '', bytes: message })
      : undefined;
    const { blackHoleMs, delayMs } = settingsOf(fault);
    if (blackHoleMs !== undefined) void this.#wire.blackHole(blackHoleMs);
    await this.#wire.passable();
    if (delayMs !== undefined) await sleep(delayMs);
    if (fault === 'cutBefore') return this.#cut();
    if (fault === 'cutRequest') return this.#cutAfterHalf(this.#server, message);
    if (isOfReply(fault)) this.#awaited = { request: message, fault };
    this.#server.write(message);
  }

  async #reply(message: Buffer): Promise<void> {
    await this.#wire.passable();
    const { request, fault } = this.#awaited ?? {};
    const isAwaited = request !== undefined && this.#framing.isReply(request, message);
    if (fault === 'lostReply') return isAwaited ? this.#cut() : undefined;
    if (isAwaited) {
      this.#awaited = undefined;
      const { delayReplyMs } = settingsOf(fault);
      if (delayReplyMs !== undefined) await sleep(delayReplyMs);
      if (fault === 'cutReply') return this.#cutAfterHalf(this.#client, message);
    }
    this.#client.write(message);
  }

  #cut(): void {
    this.#isCut = true;
    this.#wire.cut(this.#client);
    this.#wire.cut(this.#server);
  }

  /** That side gets half of `message` and then the end; the other is cut. */
  #cutAfterHalf(side: Socket, message: Buffer): void {
    this.#isCut = true;
    this.#wire.cut(side === this.#client ? this.#server : this.#client);
    side.write(message.subarray(0, message.length >> 1), () => side.destroy());
  }
}

function isOfReply(fault: Fault | undefined): fault is Fault {
  return fault === 'lostReply' || fault === 'cutReply' || settingsOf(fault).delayReplyMs !== undefined;
}
