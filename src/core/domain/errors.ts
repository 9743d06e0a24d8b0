/**
 * Every error of Elanus is one class with a closed `kind`. A plugin maps its driver's errors to kinds in one file;
 * the server maps (kind, subject) to Milvus codes in one table.
 *
 * - NotFound, AlreadyExists, Conflict (a compare failed): the state is not what the caller assumed
 * - Invalid: the input breaks a rule; nothing was changed
 * - NotLoaded, SchemaMismatch: Milvus states with a code of their own
 * - Unsupported: a true UNIMPLEMENTED
 * - Fenced: a higher term owns the resource; Closed: this object is closed; both never succeed again
 * - Unavailable, Timeout: try later; Unknown: may or may not have happened, never retried blindly
 * - Truncated: below the first readable position; TooLarge, Exhausted (memory, disk, quota): a limit
 * - Corrupt: bytes on a store are wrong; Internal: a bug
 */
export type ErrorKind =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Invalid'
  | 'NotLoaded'
  | 'SchemaMismatch'
  | 'Unsupported'
  | 'Fenced'
  | 'Closed'
  | 'Unavailable'
  | 'Timeout'
  | 'Unknown'
  | 'Truncated'
  | 'TooLarge'
  | 'Exhausted'
  | 'Corrupt'
  | 'Internal';

/** What an error is about, where Milvus has a code for it. */
export type ErrorSubject =
  | 'collection'
  | 'partition'
  | 'database'
  | 'alias'
  | 'index'
  | 'field'
  | 'segment'
  | 'channel'
  | 'parameter';

export type ErrorContext = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

export interface ErrorOptions {
  readonly subject?: ErrorSubject;
  /** Facts of this occurrence, printed behind the message as `[key=value]`, in this order. */
  readonly context?: ErrorContext;
  readonly cause?: unknown;
}

/** An error as plain data, for messages between threads and roles. */
export interface PlainError {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly subject: ErrorSubject | undefined;
  readonly context: ErrorContext;
}

export class ElanusError extends Error {
  override readonly name = 'ElanusError';
  readonly kind: ErrorKind;
  readonly subject: ErrorSubject | undefined;
  readonly context: ErrorContext;

  constructor(kind: ErrorKind, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.subject = options.subject;
    this.context = options.context ?? {};
  }

  /** By form: a plugin that is packed on its own may bring a copy of this class. */
  static override [Symbol.hasInstance](value: unknown): value is ElanusError {
    if (!(value instanceof Error) || value.name !== 'ElanusError') return false;
    const { kind, context, text } = value as Partial<ElanusError>;
    return typeof kind === 'string' && typeof context === 'object' && typeof text === 'string';
  }

  /** The message with its context in Milvus's form: `collection not found[database=default][collection=foo]`. */
  get text(): string {
    let text = this.message;
    for (const [key, value] of Object.entries(this.context)) {
      if (value !== undefined) text += `[${key}=${value}]`;
    }
    return text;
  }

  toPlain(): PlainError {
    return { kind: this.kind, message: this.message, subject: this.subject, context: this.context };
  }

  static fromPlain(plain: PlainError): ElanusError {
    const { kind, message, subject, context } = plain;
    return new ElanusError(kind, message, subject === undefined ? { context } : { subject, context });
  }

  /** The only way in for a caught value: an ElanusError stays itself, anything else becomes Internal. */
  static from(caught: unknown): ElanusError {
    if (caught instanceof ElanusError) return caught;
    const message = caught instanceof Error ? caught.message : String(caught);
    return new ElanusError('Internal', message, { cause: caught });
  }
}

export function invalid(message: string, context: ErrorContext = {}): ElanusError {
  return new ElanusError('Invalid', message, { subject: 'parameter', context });
}

/** States an impossible condition; a failure is a bug. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new ElanusError('Internal', `assertion failed: ${why}`);
}
