import type { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ElanusError, type ErrorKind } from '../../core/domain/errors.ts';
import { readBody } from '../../core/ports/objectBody.ts';
import { settled } from '../../core/ports/objectRetries.ts';
import type { ObjectVersion } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { Calls } from './calls.ts';
import type { ObjectS3Config } from './config.ts';
import { StoredContent, TRAILER_BYTES } from './content.ts';
import { failureOf } from './errors.ts';
import { type ConditionHeaders, MultipartUpload, type Place } from './multipart.ts';
import { versionOf } from './objectInfo.ts';

/** What must hold for a write, and what its failure means. */
export interface Condition {
  readonly headers: ConditionHeaders;
  readonly failure?: { readonly kind: ErrorKind; readonly message: string };
}

export const ALWAYS: Condition = { headers: {} };
export const ABSENT: Condition = {
  headers: { IfNoneMatch: '*' },
  failure: { kind: 'AlreadyExists', message: 'object exists' },
};
const CHANGED = { kind: 'Conflict', message: 'object has another version' } as const;
/** What an ETag can be. Quotes and `*` would change the condition. */
const VERSION = /^[!#-)+-~]+$/;

/** Error: Conflict, when `version` can name nothing. */
export function unchangedSince(key: string, version: ObjectVersion): Condition {
  if (!VERSION.test(version)) throw new ElanusError(CHANGED.kind, CHANGED.message, { context: { key } });
  return { headers: { IfMatch: `"${version}"` }, failure: CHANGED };
}

/** Writes objects, whole or in parts. */
export class Writer {
  readonly #calls: Calls;
  readonly #config: ObjectS3Config;
  readonly #deps: PluginDeps;

  constructor(calls: Calls, config: ObjectS3Config, deps: PluginDeps) {
    this.#calls = calls;
    this.#config = config;
    this.#deps = deps;
  }

  async write(key: string, place: Place, bytes: Uint8Array, condition: Condition): Promise<ObjectVersion> {
    const content = new StoredContent(bytes, this.#deps.random.uuid());
    const write = content.bytes <= this.#config.partBytes ? this.#writeWhole : this.#writeParts;
    try {
      return await write.call(this, key, place, content, condition);
    } catch (caught) {
      if (condition.failure === undefined || !isFailedCondition(caught, condition)) throw caught;
      throw new ElanusError(condition.failure.kind, condition.failure.message, { context: { key } });
    }
  }

  #writeWhole(
    key: string,
    place: Place,
    content: StoredContent,
    condition: Condition,
  ): Promise<ObjectVersion> {
    const ContentLength = content.bytes;
    return settled(this.#calls.policy, {
      key,
      send: async () => {
        const Body = content.body(0, ContentLength);
        const input = { ...place, ...condition.headers, Body, ContentLength };
        const { ETag } = await this.#calls.once((client, options) =>
          client.send(new PutObjectCommand(input), options),
        );
        return versionOf(ETag);
      },
      findOwn: () => this.#findOwn(place, content),
      isRepeatable: condition !== ALWAYS,
    });
  }

  async #writeParts(
    key: string,
    place: Place,
    content: StoredContent,
    condition: Condition,
  ): Promise<ObjectVersion> {
    const { partBytes, partsInFlightMax } = this.#config;
    const upload = await MultipartUpload.open(this.#calls, place);
    try {
      const parts = await upload.send(content, partBytes, partsInFlightMax);
      return await settled(this.#calls.policy, {
        key,
        send: async () => versionOf(await upload.complete(parts, condition.headers)),
        findOwn: () => this.#findOwn(place, content),
        isRepeatable: true,
      });
    } catch (caught) {
      await upload.abort().catch((failed: unknown) => {
        const { code } = failureOf(failed);
        this.#deps.logger.warn('an upload in parts stays open', { key, code });
      });
      throw caught;
    }
  }

  async #findOwn(place: Place, content: StoredContent): Promise<ObjectVersion | undefined> {
    try {
      return await this.#calls.once(async (client, options, progress) => {
        const command = new GetObjectCommand({ ...place, Range: `bytes=-${TRAILER_BYTES}` });
        const reply = await client.send(command, options);
        const trailer = new Uint8Array(reply.ContentLength ?? 0);
        await readBody(reply.Body as Readable, trailer, progress);
        return content.isMarkedBy(trailer) ? versionOf(reply.ETag) : undefined;
      });
    } catch (caught) {
      const { kind } = failureOf(caught);
      if (kind === 'NotFound' || kind === 'Invalid') return undefined;
      throw caught;
    }
  }
}

/** A key that is gone fails a comparison of versions too. */
function isFailedCondition(caught: unknown, condition: Condition): boolean {
  const { isConditionFailed, kind } = failureOf(caught);
  return isConditionFailed || (condition.headers.IfMatch !== undefined && kind === 'NotFound');
}
