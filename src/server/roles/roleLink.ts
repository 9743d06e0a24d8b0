import { deserialize, serialize } from 'node:v8';
import { ElanusError, type PlainError } from '../../core/domain/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Random } from '../../core/ports/random.ts';

/** How roles of one process reach each other. */
export interface RoleLink {
  /** A service as its callers see it. Methods are those named, all of them asynchronous. */
  connect<Service extends object>(service: Service, methods: readonly (keyof Service & string)[]): Service;
}

/** Calls go straight to the object. */
export const directLink: RoleLink = { connect: (service) => service };

const ATTEMPTS_MAX = 8;

/**
 * Calls travel as bytes, as they would between processes: arguments and results are serialised, each way takes `delayMs`,
 * and a share of the replies is lost after the call was carried out; the caller then repeats it. Shows that no shared
 * buffer, function or class crosses a role, and that calls may be repeated.
 */
export class SerializedLink implements RoleLink {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #delayMs: number;
  readonly #lostShare: number;

  constructor(options: { clock: Clock; random: Random; delayMs: number; lostShare: number }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#delayMs = options.delayMs;
    this.#lostShare = options.lostShare;
  }

  connect<Service extends object>(service: Service, methods: readonly (keyof Service & string)[]): Service {
    const stub: Record<string, unknown> = {};
    for (const method of methods) {
      stub[method] = (...args: unknown[]) => this.#call(service, method, serialize(args));
    }
    return stub as Service;
  }

  async #call(service: object, method: string, request: Buffer): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      await this.#clock.sleep(this.#delayMs);
      const reply = await this.#answer(service, method, request);
      if (this.#random.next() >= this.#lostShare) return opened(reply);
      if (attempt === ATTEMPTS_MAX) {
        throw new ElanusError('Unavailable', 'replies of a role were lost', { context: { method, attempt } });
      }
    }
  }

  async #answer(service: object, method: string, request: Buffer): Promise<Buffer> {
    const call = (service as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]!;
    try {
      return serialize({ result: await call.apply(service, deserialize(request) as unknown[]) });
    } catch (caught) {
      return serialize({ error: ElanusError.from(caught).toPlain() });
    }
  }
}

function opened(reply: Buffer): unknown {
  const { result, error } = deserialize(reply) as { result?: unknown; error?: PlainError };
  if (error !== undefined) throw ElanusError.fromPlain(error);
  return result;
}
