export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log. `message` is a constant; what varies goes into `fields`, with the unit in the name. */
export interface Logger {
  /** A logger named `name` below this one. */
  child(name: string): Logger;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
