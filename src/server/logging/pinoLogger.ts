import pino from 'pino';
import type { LogFields, Logger } from '../../core/ports/logger.ts';
import { textLine } from './textLine.ts';

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'auto' | 'json' | 'text';
}

/** Where lines go: a whole line a call, with its line feed. */
export interface LogDestination {
  write(line: string): unknown;
}

/** The log on standard error: JSON lines, or text for people. Lines are written at once, so a crash loses none. */
export function createLogger(config: LogConfig, destination: LogDestination = process.stderr): Logger {
  const onTerminal = 'isTTY' in destination && destination.isTTY === true;
  const asText = config.format === 'text' || (config.format === 'auto' && onTerminal);
  const sink: LogDestination = asText ? { write: (line) => destination.write(textLine(line)) } : destination;
  const options: pino.LoggerOptions = {
    level: config.level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ level }) },
    redact: { paths: ['password', 'secret', 'token', '*.password', '*.secret', '*.token'], censor: '***' },
    serializers: {},
  };
  return new PinoLogger(pino(options, sink as pino.DestinationStream), '');
}

class PinoLogger implements Logger {
  readonly #pino: pino.Logger;
  readonly #name: string;

  constructor(logger: pino.Logger, name: string) {
    this.#pino = logger;
    this.#name = name;
  }

  child(name: string): Logger {
    const full = this.#name === '' ? name : `${this.#name}:${name}`;
    return new PinoLogger(this.#pino, full);
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#pino.isLevelEnabled('debug')) this.#pino.debug(this.#plain(fields), message);
  }

  info(message: string, fields?: LogFields): void {
    if (this.#pino.isLevelEnabled('info')) this.#pino.info(this.#plain(fields), message);
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#pino.isLevelEnabled('warn')) this.#pino.warn(this.#plain(fields), message);
  }

  error(message: string, fields?: LogFields): void {
    this.#pino.error(this.#plain(fields), message);
  }

  /** JSON knows neither bigint nor Error. */
  #plain(fields: LogFields | undefined): Record<string, unknown> {
    const plain: Record<string, unknown> = this.#name === '' ? {} : { name: this.#name };
    for (const [key, value] of Object.entries(fields ?? {})) {
      if (typeof value === 'bigint') plain[key] = value.toString();
      else if (value instanceof Error) plain[key] = value.stack ?? value.message;
      else plain[key] = value;
    }
    return plain;
  }
}
