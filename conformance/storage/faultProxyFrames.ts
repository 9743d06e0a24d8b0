/** Where messages begin and end on connections that are not HTTP/1.1, and which of them belong together. */
export interface Framing {
  /** Bytes of the message at the start of `bytes`, or undefined when `bytes` is too short to tell. */
  messageBytes(bytes: Buffer): number | undefined;
  /** Of a message of the client: whether faults may hit it. */
  isRequest(message: Buffer): boolean;
  /** Of a request. */
  method(message: Buffer): string;
  /** Whether `message` of the server ends its answer to `request`. */
  isReply(request: Buffer, message: Buffer): boolean;
}

/** Any TCP: RFC 9293 knows no messages, so what is read at once is one. */
const tcp: Framing = {
  messageBytes: (bytes) => bytes.length,
  isRequest: () => true,
  method: () => '',
  isReply: () => true,
};

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const END_STREAM = 1;

/** RFC 9113, section 4.1: length (24 bits), type (8), flags (8), stream (32), payload. */
const http2: Framing = {
  messageBytes(bytes) {
    if (bytes.length < HEAD_BYTES) return undefined;
    return bytes.toString('latin1', 0, 3) === 'PRI' ? PREFACE.length : HEAD_BYTES + bytes.readUIntBE(0, 3);
  },
  isRequest: (frame) => frame[3] === DATA && frame.length > HEAD_BYTES,
  method: () => '',
  isReply(request, frame) {
    const ends = (frame[3] === HEADERS && (frame[4]! & END_STREAM) !== 0) || frame[3] === RST_STREAM;
    return ends && frame.readUInt32BE(5) === request.readUInt32BE(5);
  },
};

/** Both prefix a message with its length, which does not count itself. */
function lengthPrefixed(bytes: Buffer): number | undefined {
  return bytes.length < 4 ? undefined : 4 + bytes.readUInt32BE(0);
}

/** Kafka's protocol guide: request: length (32), API key (16), version (16), correlation id (32) …; answer: length, correlation id … */
const kafka: Framing = {
  messageBytes: lengthPrefixed,
  isRequest: () => true,
  method: (message) => String(message.readInt16BE(4)),
  isReply: (request, message) => message.readInt32BE(4) === request.readInt32BE(8),
};

const SEND = 6;
const SEND_RECEIPT = 7;
const SEND_ERROR = 8;
const MESSAGE = 9;
const ACK = 10;
const FLOW = 11;
const PING = 18;
const PONG = 19;
const UNANSWERED = [ACK, FLOW, PING, PONG];
const UNASKED = [SEND_RECEIPT, SEND_ERROR, MESSAGE, PING, PONG];

/** Pulsar's binary protocol: length (32), length of the command (32), command; its first field, tag 8, is its type. */
const pulsar: Framing = {
  messageBytes: lengthPrefixed,
  isRequest: (message) => !UNANSWERED.includes(commandOf(message)),
  method: (message) => String(commandOf(message)),
  isReply(request, message) {
    const command = commandOf(message);
    if (commandOf(request) === SEND) return command === SEND_RECEIPT || command === SEND_ERROR;
    return !UNASKED.includes(command);
  },
};

function commandOf(message: Buffer): number {
  return message[9]!;
}

export const FRAMINGS = { tcp, http2, kafka, pulsar } as const;
