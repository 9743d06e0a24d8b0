import { connect, type Socket } from 'node:net';
import {
  clientGreeting,
  FLAG,
  FRAME,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  frame,
  requestHeaders,
  SETTING,
  saysOk,
  WINDOW_BYTES_DEFAULT,
  WINDOW_BYTES_MAX,
  windowUpdate,
  writeFrameHeader,
} from './frames.ts';

/** The end of a call: its message, or what went wrong on the way. */
export type OnReply = (message: Buffer | undefined, problem: string | undefined) => void;

/** One kind of call, encoded once and sent many times. */
export interface EncodedCall {
  readonly path: string;
  /** A protobuf message. */
  readonly message: Uint8Array;
}

/** An encoded call with its frames for one address. */
export interface PreparedCall {
  readonly headers: Buffer;
  /** gRPC's five bytes and the message. */
  readonly body: Buffer;
  /** HEADERS and the only DATA frame with stream 0, when the body fits into one. */
  readonly whole: Buffer | undefined;
}

export function prepareCall(call: EncodedCall, authority: string): PreparedCall {
  const body = Buffer.alloc(5 + call.message.length);
  body.writeUInt32BE(call.message.length, 1);
  body.set(call.message, 5);
  const headers = frame(FRAME.headers, FLAG.endHeaders, 0, requestHeaders(call.path, authority));
  const whole =
    body.length <= FRAME_BYTES_MAX
      ? Buffer.concat([headers, frame(FRAME.data, FLAG.endStream, 0, body)])
      : undefined;
  return { headers, body, whole };
}

interface Stream {
  readonly onReply: OnReply;
  readonly chunks: Buffer[];
  window: number;
  /** What the windows have not let through yet. */
  unsent: Buffer | undefined;
}

const RECEIVED_BYTES_BEFORE_UPDATE = 2 ** 28;
const NOTHING = Buffer.alloc(0);

/** An HTTP/2 connection for unary gRPC calls that does as little as it can: it costs a fraction of a client library. */
export class Connection {
  readonly #socket: Socket;
  readonly #streams = new Map<number, Stream>();
  #nextStream = 1;
  #window = WINDOW_BYTES_DEFAULT;
  #streamWindow = WINDOW_BYTES_DEFAULT;
  #rest: Buffer = NOTHING;
  #receivedBytes = 0;
  #corked = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', () => this.#fail('the connection was closed'));
    socket.write(clientGreeting());
  }

  /** Resolves when the socket is connected; rejects with its error. */
  static async open(address: string): Promise<Connection> {
    const [host, port] = address.split(':');
    const socket = connect({ host: host!, port: Number(port), noDelay: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve);
    socket.once('error', reject);
    await promise;
    socket.off('error', reject);
    return new Connection(socket);
  }

  close(): void {
    this.#streams.clear();
    this.#socket.destroy();
  }

  /** The whole reply of one call; rejects with what went wrong. */
  call(path: string, message: Uint8Array, authority: string): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.send(prepareCall({ path, message }, authority), (reply, problem) => {
      if (reply === undefined || problem !== undefined) reject(new Error(`${path}: ${problem}`));
      else resolve(reply);
    });
    return promise;
  }

  send(call: PreparedCall, onReply: OnReply): void {
    const id = this.#nextStream;
    this.#nextStream += 2;
    const stream: Stream = { onReply, chunks: [], window: this.#streamWindow, unsent: undefined };
    this.#streams.set(id, stream);
    this.#cork();
    const { whole, headers, body } = call;
    if (whole !== undefined && body.length <= this.#window && body.length <= stream.window) {
      const bytes = Buffer.allocUnsafe(whole.length);
      whole.copy(bytes);
      bytes.writeUInt32BE(id, 5);
      bytes.writeUInt32BE(id, headers.length + 5);
      this.#window -= body.length;
      stream.window -= body.length;
      this.#socket.write(bytes);
      return;
    }
    const own = Buffer.from(headers);
    own.writeUInt32BE(id, 5);
    this.#socket.write(own);
    stream.unsent = body;
    this.#sendMore(id, stream);
  }

  #sendMore(id: number, stream: Stream): void {
    while (stream.unsent !== undefined) {
      const bytes = Math.min(stream.unsent.length, FRAME_BYTES_MAX, this.#window, stream.window);
      if (bytes <= 0) return;
      const last = bytes === stream.unsent.length;
      const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
      writeFrameHeader(header, 0, bytes, FRAME.data, last ? FLAG.endStream : 0, id);
      this.#cork();
      this.#socket.write(header);
      this.#socket.write(stream.unsent.subarray(0, bytes));
      this.#window -= bytes;
      stream.window -= bytes;
      stream.unsent = last ? undefined : stream.unsent.subarray(bytes);
    }
  }

  /** What is written in one turn of the event loop leaves in one system call. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + FRAME_HEADER_BYTES + length;
      if (end > bytes.length) break;
      this.#onFrame(
        bytes[at + 3]!,
        bytes[at + 4]!,
        bytes.readUInt32BE(at + 5),
        bytes.subarray(at + FRAME_HEADER_BYTES, end),
      );
      at = end;
    }
    this.#rest = at === bytes.length ? NOTHING : bytes.subarray(at);
  }

  #onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    switch (type) {
      case FRAME.data:
        this.#onData(flags, id, payload);
        return;
      case FRAME.headers:
        if ((flags & FLAG.endStream) !== 0) this.#end(id, payload);
        return;
      case FRAME.rstStream:
        this.#drop(id, `the server reset the stream with HTTP/2 error ${payload.readUInt32BE(0)}`);
        return;
      case FRAME.settings:
        if ((flags & FLAG.ack) === 0) this.#onSettings(payload);
        return;
      case FRAME.ping:
        if ((flags & FLAG.ack) === 0) this.#socket.write(frame(FRAME.ping, FLAG.ack, 0, payload));
        return;
      case FRAME.windowUpdate:
        this.#onWindowUpdate(id, payload.readUInt32BE(0));
        return;
      case FRAME.goAway:
        this.#fail(`the server said goodbye with HTTP/2 error ${payload.readUInt32BE(4)}`);
        return;
      case FRAME.continuation:
        this.#fail('the server sent headers in several frames, which this client does not read');
        return;
    }
  }

  #onData(flags: number, id: number, payload: Buffer): void {
    this.#receivedBytes += payload.length;
    if (this.#receivedBytes >= RECEIVED_BYTES_BEFORE_UPDATE) {
      this.#socket.write(windowUpdate(this.#receivedBytes));
      this.#receivedBytes = 0;
    }
    const data = (flags & FLAG.padded) === 0 ? payload : payload.subarray(1, payload.length - payload[0]!);
    if (data.length > 0) this.#streams.get(id)?.chunks.push(data);
    if ((flags & FLAG.endStream) !== 0) this.#drop(id, 'the reply has no trailers');
  }

  #end(id: number, headerBlock: Buffer): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    const body = stream.chunks.length === 1 ? stream.chunks[0]! : Buffer.concat(stream.chunks);
    if (!saysOk(headerBlock)) stream.onReply(undefined, `grpc-status is not 0: ${printable(headerBlock)}`);
    else if (body.length < 5 || body.readUInt32BE(1) !== body.length - 5)
      stream.onReply(undefined, `the reply has ${body.length} bytes and no whole message`);
    else stream.onReply(body.subarray(5), undefined);
  }

  #onSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== SETTING.initialWindowSize) continue;
      const window = payload.readUInt32BE(at + 2);
      for (const stream of this.#streams.values()) stream.window += window - this.#streamWindow;
      this.#streamWindow = window;
    }
    this.#socket.write(frame(FRAME.settings, FLAG.ack, 0, NOTHING));
    this.#sendAll();
  }

  #onWindowUpdate(id: number, bytes: number): void {
    if (id === 0) {
      this.#window = Math.min(this.#window + bytes, WINDOW_BYTES_MAX);
      this.#sendAll();
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.window += bytes;
    this.#sendMore(id, stream);
  }

  #sendAll(): void {
    for (const [id, stream] of this.#streams) this.#sendMore(id, stream);
  }

  #drop(id: number, problem: string): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.onReply(undefined, problem);
  }

  #fail(problem: string): void {
    for (const id of [...this.#streams.keys()]) this.#drop(id, problem);
  }
}

function printable(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll(/[^ -~]+/g, ' ')
    .trim();
}
