import { once } from 'node:events';
import { piecesOf } from './pieces.ts';
import type { BareLog } from './walPlace.ts';

/** A producer of Pulsar's WebSocket service: sends JSON, counts answers, repeats nothing. */
export class BareSocket implements BareLog {
  readonly #socket: WebSocket;
  readonly #pieceBytes: number;
  readonly #unanswered = new Map<string, PromiseWithResolvers<void>>();
  #next = 0;

  static async open(url: string, pieceBytes: number): Promise<BareSocket> {
    const socket = new WebSocket(url);
    const refused = once(socket, 'close').then(() => {
      throw new Error(`the service refused ${url}`);
    });
    await Promise.race([once(socket, 'open'), refused]);
    refused.catch(() => undefined);
    return new BareSocket(socket, pieceBytes);
  }

  private constructor(socket: WebSocket, pieceBytes: number) {
    this.#socket = socket;
    this.#pieceBytes = pieceBytes;
    socket.addEventListener('message', ({ data }) => this.#answer(JSON.parse(String(data))));
    socket.addEventListener('close', ({ reason }) => {
      for (const { reject } of this.#unanswered.values())
        reject(new Error(`closed by the service: ${reason}`));
    });
  }

  append(record: Uint8Array): Promise<unknown> {
    return Promise.all(piecesOf(record, this.#pieceBytes).map((piece) => this.#send(piece)));
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #send(piece: Buffer): Promise<void> {
    const context = String(this.#next++);
    const answer = Promise.withResolvers<void>();
    this.#unanswered.set(context, answer);
    this.#socket.send(JSON.stringify({ payload: piece.toString('base64'), context }));
    return answer.promise;
  }

  #answer({ result, context }: { readonly result: string; readonly context: string }): void {
    const answer = this.#unanswered.get(context);
    this.#unanswered.delete(context);
    if (result === 'ok') answer?.resolve();
    else answer?.reject(new Error(`the service answered ${result}`));
  }
}
