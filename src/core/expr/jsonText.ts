/** A text as UTF-8: bytes[start .. start + length). */
export interface DecodedText {
  bytes: Uint8Array;
  start: number;
  length: number;
}

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const REPLACEMENT = 0xfffd;

const decoded: DecodedText = { bytes: new Uint8Array(256), start: 0, length: 0 };

/** The inside of a JSON string with its escapes resolved, in memory that the next call uses again. */
export function decodeJsonText(bytes: Uint8Array, start: number, end: number): DecodedText {
  // A text never grows by decoding: the shortest escape has 2 bytes for 1, \uXXXX has 6 for at most 3.
  if (decoded.bytes.length < end - start) decoded.bytes = new Uint8Array((end - start) * 2);
  const into = decoded.bytes;
  let length = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at++]!;
    if (byte !== BACKSLASH || at >= end) {
      into[length++] = byte;
    } else if (bytes[at] === LETTER_U) {
      const unit = hexUnit(bytes, at + 1, end);
      at += 5;
      const low = isHighSurrogate(unit) && bytes[at] === BACKSLASH ? lowSurrogate(bytes, at, end) : -1;
      if (low >= 0) at += 6;
      length = putCharacter(
        into,
        length,
        low < 0 ? unit : 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
      );
    } else {
      into[length++] = ESCAPED[bytes[at]!]!;
      at++;
    }
  }
  decoded.length = length;
  return decoded;
}

/** What `\` with a byte behind it stands for. */
const ESCAPED = Uint8Array.from({ length: 256 }, (_, byte) => byte);
ESCAPED[0x62] = 8;
ESCAPED[0x66] = 12;
ESCAPED[0x6e] = 10;
ESCAPED[0x72] = 13;
ESCAPED[0x74] = 9;

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** The low surrogate of the escape at `at`, or -1 when it is none. */
function lowSurrogate(bytes: Uint8Array, at: number, end: number): number {
  if (at + 6 > end || bytes[at + 1] !== LETTER_U) return -1;
  const unit = hexUnit(bytes, at + 2, end);
  return unit >= 0xdc00 && unit < 0xe000 ? unit : -1;
}

function hexUnit(bytes: Uint8Array, at: number, end: number): number {
  let unit = 0;
  for (let i = at; i < at + 4; i++) unit = unit * 16 + (i < end ? hexDigit(bytes[i]!) : 0);
  return unit;
}

function hexDigit(byte: number): number {
  if (byte <= 0x39) return (byte - 0x30) & 15;
  return ((byte | 0x20) - 0x57) & 15;
}

function putCharacter(into: Uint8Array, at: number, code: number): number {
  const point = code >= 0xd800 && code < 0xe000 ? REPLACEMENT : code;
  if (point < 0x80) {
    into[at] = point;
    return at + 1;
  }
  if (point < 0x800) {
    into[at] = 0xc0 | (point >> 6);
    into[at + 1] = 0x80 | (point & 63);
    return at + 2;
  }
  if (point < 0x10000) {
    into[at] = 0xe0 | (point >> 12);
    into[at + 1] = 0x80 | ((point >> 6) & 63);
    into[at + 2] = 0x80 | (point & 63);
    return at + 3;
  }
  into[at] = 0xf0 | (point >> 18);
  into[at + 1] = 0x80 | ((point >> 12) & 63);
  into[at + 2] = 0x80 | ((point >> 6) & 63);
  into[at + 3] = 0x80 | (point & 63);
  return at + 4;
}
