const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DEPTH_MAX = 512;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Byte range of one member of an object; key without its quotes, value without the blanks around it. */
export interface JsonMembers {
  readonly keyStart: number[];
  readonly keyEnd: number[];
  readonly keyEscaped: boolean[];
  readonly valueStart: number[];
  readonly valueEnd: number[];
}

/**
 * Checks JSON text (RFC 8259) in place, without an object a row, and finds the members of a top-level object.
 * Nesting is limited to 512 levels. The bytes must be valid UTF-8, which is the caller's to check.
 */
export class JsonScanner {
  /** Members of the top-level object of the last scan, in their order; overwritten by the next one. */
  readonly members: JsonMembers = { keyStart: [], keyEnd: [], keyEscaped: [], valueStart: [], valueEnd: [] };
  /** Whether the last scan found an object. */
  isObject = false;

  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** Whether bytes [start, end) are one JSON value. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    for (const list of Object.values(this.members)) list.length = 0;
    this.#skipBlanks();
    this.isObject = this.#peek() === 0x7b;
    if (!this.#value(0)) return false;
    this.#skipBlanks();
    return this.#at === end;
  }

  /** The text of key `index` of the last scan. */
  keyText(index: number): string {
    const { keyStart, keyEnd, keyEscaped } = this.members;
    const text = decoder.decode(this.#bytes.subarray(keyStart[index]!, keyEnd[index]!));
    return keyEscaped[index]! ? (JSON.parse(`"${text}"`) as string) : text;
  }

  #peek(): number {
    return this.#at < this.#end ? this.#bytes[this.#at]! : -1;
  }

  #skipBlanks(): void {
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #value(depth: number): boolean {
    if (depth > DEPTH_MAX) return false;
    switch (this.#peek()) {
      case 0x7b:
        return this.#object(depth);
      case 0x5b:
        return this.#array(depth);
      case QUOTE:
        return this.#string() >= 0;
      case 0x74:
        return this.#word('true');
      case 0x66:
        return this.#word('false');
      case 0x6e:
        return this.#word('null');
      default:
        return this.#number();
    }
  }

  #object(depth: number): boolean {
    this.#at++;
    this.#skipBlanks();
    if (this.#take(0x7d)) return true;
    for (;;) {
      this.#skipBlanks();
      const keyStart = this.#at + 1;
      const escapes = this.#string();
      if (escapes < 0) return false;
      const keyEnd = this.#at - 1;
      this.#skipBlanks();
      if (!this.#take(0x3a)) return false;
      this.#skipBlanks();
      const valueStart = this.#at;
      if (!this.#value(depth + 1)) return false;
      if (depth === 0) this.#addMember(keyStart, keyEnd, escapes > 0, valueStart);
      this.#skipBlanks();
      if (this.#take(0x7d)) return true;
      if (!this.#take(0x2c)) return false;
    }
  }

  #addMember(keyStart: number, keyEnd: number, escaped: boolean, valueStart: number): void {
    this.members.keyStart.push(keyStart);
    this.members.keyEnd.push(keyEnd);
    this.members.keyEscaped.push(escaped);
    this.members.valueStart.push(valueStart);
    this.members.valueEnd.push(this.#at);
  }

  #array(depth: number): boolean {
    this.#at++;
    this.#skipBlanks();
    if (this.#take(0x5d)) return true;
    for (;;) {
      this.#skipBlanks();
      if (!this.#value(depth + 1)) return false;
      this.#skipBlanks();
      if (this.#take(0x5d)) return true;
      if (!this.#take(0x2c)) return false;
    }
  }

  /** Reads a string; the number of its escapes, or -1. */
  #string(): number {
    if (!this.#take(QUOTE)) return -1;
    let escapes = 0;
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at++]!;
      if (byte === QUOTE) return escapes;
      if (byte < 0x20) return -1;
      if (byte === BACKSLASH) {
        escapes++;
        if (!this.#escape()) return -1;
      }
    }
    return -1;
  }

  #escape(): boolean {
    const byte = this.#peek();
    this.#at++;
    if (byte !== 0x75) return byte > 0 && '"\\/bfnrt'.includes(String.fromCharCode(byte));
    for (let i = 0; i < 4; i++) {
      const digit = this.#peek() | 0x20;
      const isHex = (digit >= 0x30 && digit <= 0x39) || (digit >= 0x61 && digit <= 0x66);
      if (!isHex || this.#at >= this.#end || this.#peek() < 0x30) return false;
      this.#at++;
    }
    return true;
  }

  #number(): boolean {
    this.#take(0x2d);
    if (!this.#take(0x30) && !this.#digits()) return false;
    if (this.#take(0x2e) && !this.#digits()) return false;
    if ((this.#peek() | 0x20) === 0x65) {
      this.#at++;
      if (!this.#take(0x2b)) this.#take(0x2d);
      if (!this.#digits()) return false;
    }
    return true;
  }

  #digits(): boolean {
    const start = this.#at;
    while (this.#peek() >= 0x30 && this.#peek() <= 0x39) this.#at++;
    return this.#at > start;
  }

  #word(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.#bytes[this.#at + i] !== word.charCodeAt(i)) return false;
    }
    this.#at += word.length;
    return this.#at <= this.#end;
  }

  #take(byte: number): boolean {
    if (this.#peek() !== byte) return false;
    this.#at++;
    return true;
  }
}
