/** As much of HTTP/2 (RFC 9113) and HPACK (RFC 7541) as a gRPC client of one unary call after another needs. */
export const FRAME_HEADER_BYTES = 9;
export const FRAME_BYTES_MAX = 16_384;
/** A flow-control window can be no larger (RFC 9113, section 6.9.1). */
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;
export const WINDOW_BYTES_DEFAULT = 65_535;

export const FRAME = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;
export const SETTING = { headerTableSize: 1, enablePush: 2, initialWindowSize: 4, maxFrameSize: 5 } as const;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export function writeFrameHeader(
  into: Buffer,
  offset: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): void {
  into.writeUIntBE(length, offset, 3);
  into[offset + 3] = type;
  into[offset + 4] = flags;
  into.writeUInt32BE(stream, offset + 5);
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, stream);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** What a client says first: the largest windows, and no compression state, so that equal trailers are equal bytes. */
export function clientGreeting(): Buffer {
  const settings = Buffer.alloc(18);
  const values = [
    [SETTING.headerTableSize, 0],
    [SETTING.enablePush, 0],
    [SETTING.initialWindowSize, WINDOW_BYTES_MAX],
  ] as const;
  values.forEach(([id, value], i) => {
    settings.writeUInt16BE(id, i * 6);
    settings.writeUInt32BE(value, i * 6 + 2);
  });
  return Buffer.concat([
    Buffer.from(PREFACE),
    frame(FRAME.settings, 0, 0, settings),
    windowUpdate(WINDOW_BYTES_MAX - WINDOW_BYTES_DEFAULT),
  ]);
}

/** For the connection as a whole. */
export function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FRAME.windowUpdate, 0, 0, payload);
}

/** Entries of HPACK's static table. */
const STATIC = { authority: 1, methodPost: 0x83, schemeHttp: 0x86, path: 4, contentType: 31 } as const;

/** The header block of a gRPC call: literals without indexing, so that neither side keeps state. */
export function requestHeaders(path: string, authority: string): Buffer {
  return Buffer.concat([
    Buffer.from([STATIC.methodPost, STATIC.schemeHttp]),
    literal(STATIC.path, path),
    literal(STATIC.authority, authority),
    literal(STATIC.contentType, 'application/grpc'),
    literal('te', 'trailers'),
  ]);
}

function literal(name: number | string, value: string): Buffer {
  const prefix =
    typeof name === 'string'
      ? Buffer.concat([Buffer.from([0]), text(name)])
      : name < 15
        ? Buffer.from([name])
        : Buffer.from([15, name - 15]);
  return Buffer.concat([prefix, text(value)]);
}

/** Not Huffman-coded; strings of 127 bytes and more take a longer length. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = bytes.length < 127 ? [bytes.length] : [127, bytes.length - 127];
  if (bytes.length >= 255) throw new RangeError(`a header of ${bytes.length} bytes is more than 254`);
  return Buffer.concat([Buffer.from(length), bytes]);
}

const STATUS_NAMES = [Buffer.from('\x0bgrpc-status', 'latin1'), Buffer.from('889acac8b21234da8f', 'hex')];
const ZERO_VALUES = [Buffer.from([1, 0x30]), Buffer.from([0x81, 0x07])];
const OK_TRAILERS = STATUS_NAMES.flatMap((name) => ZERO_VALUES.map((value) => Buffer.concat([name, value])));

/** Whether a header block written without a dynamic table holds `grpc-status: 0`, Huffman-coded or not. */
export function saysOk(headerBlock: Buffer): boolean {
  return OK_TRAILERS.some((pattern) => headerBlock.includes(pattern));
}
