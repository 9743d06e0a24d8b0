import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { ElanusError, type ErrorContext, invalid } from '../../core/domain/errors.ts';
import { readBody } from '../../core/ports/objectBody.ts';
import {
  checkObjectKey,
  checkObjectLimit,
  checkObjectPrefix,
  checkObjectRange,
} from '../../core/ports/objectKeys.ts';
import { RetryPolicy } from '../../core/ports/objectRetries.ts';
import type { ObjectContent, ObjectInfo, ObjectStore, ObjectVersion } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { Calls } from './calls.ts';
import { makeClient } from './client.ts';
import type { ObjectS3Config } from './config.ts';
import { hasTrailer, TRAILER_BYTES } from './content.ts';
import { failureOf, s3Error, unknownOutcome } from './errors.ts';
import { listObjects } from './listing.ts';
import type { Place } from './multipart.ts';
import { versionOf, wallMs } from './objectInfo.ts';
import { probe } from './probe.ts';
import { ABSENT, ALWAYS, unchangedSince, Writer } from './writer.ts';

/**
 * Opens the store in an existing bucket, after checks that it can be read and written and that the server honours conditions.
 * Errors: Unavailable (naming bucket and endpoint), Exhausted, Unsupported (conditions are ignored).
 */
export async function openS3ObjectStore(config: ObjectS3Config, deps: PluginDeps): Promise<ObjectStore> {
  const policy = new RetryPolicy(config.retriesMax, { failureOf, unknownOutcome }, deps);
  const calls = new Calls(makeClient(config), policy, config.requestTimeoutMs);
  const root = config.prefix === '' ? '' : `${config.prefix}/`;
  try {
    await probe(calls, config, root, deps.random.uuid());
  } catch (caught) {
    calls.close();
    throw caught;
  }
  return new S3ObjectStore(calls, config, root, deps);
}

class S3ObjectStore implements ObjectStore {
  readonly #calls: Calls;
  readonly #config: ObjectS3Config;
  readonly #root: string;
  readonly #writer: Writer;
  #running = 0;
  /** Resolves when the last call ended; undefined until close. */
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(calls: Calls, config: ObjectS3Config, root: string, deps: PluginDeps) {
    this.#calls = calls;
    this.#config = config;
    this.#root = root;
    this.#writer = new Writer(calls, config, deps);
  }

  put(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#onKey('put', key, (place) => this.#writer.write(key, place, bytes, ALWAYS));
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#onKey('putIfAbsent', key, (place) => this.#writer.write(key, place, bytes, ABSENT));
  }

  putIfMatch(key: string, bytes: Uint8Array, version: ObjectVersion): Promise<ObjectVersion> {
    return this.#onKey('putIfMatch', key, async (place) =>
      this.#writer.write(key, place, bytes, unchangedSince(key, version)),
    );
  }

  get(key: string): Promise<ObjectContent> {
    return this.#onKey('get', key, (place) =>
      this.#calls.retried(async (client, options, progress) => {
        const reply = await client.send(new GetObjectCommand({ ...place }), options);
        const stored = new Uint8Array(reply.ContentLength ?? 0);
        await readBody(reply.Body as Readable, stored, progress);
        if (!hasTrailer(stored)) throw notOfThisStore(key);
        const content = stored.subarray(0, stored.length - TRAILER_BYTES);
        return { ...infoOf(key, reply), content };
      }),
    );
  }

  getRange(key: string, offset: number, length: number, into: Uint8Array): Promise<void> {
    return this.#onKey('getRange', key, async (place) => {
      checkObjectRange(offset, length, into);
      if (length === 0) checkEnd(key, offset, length, (await this.#head(key, place)).bytes);
      else await this.#readRange(key, place, offset, into.subarray(0, length));
    });
  }

  head(key: string): Promise<ObjectInfo> {
    return this.#onKey('head', key, (place) => this.#head(key, place));
  }

  list(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly ObjectInfo[]> {
    return this.#run('list', { prefix }, async () => {
      checkObjectPrefix(prefix);
      const limit = checkObjectLimit(options.limit);
      const { afterKey } = options;
      return listObjects(this.#calls, this.#config.bucket, { root: this.#root, prefix, afterKey, limit });
    });
  }

  delete(key: string): Promise<void> {
    return this.#onKey('delete', key, async (place) => {
      await this.#calls.retried((client, options) =>
        client.send(new DeleteObjectCommand({ ...place }), options),
      );
    });
  }

  async close(): Promise<void> {
    this.#idle ??= Promise.withResolvers();
    this.#calls.policy.stop();
    this.#settleClose();
    await this.#idle.promise;
    this.#calls.close();
  }

  async #head(key: string, place: Place): Promise<ObjectInfo> {
    const reply = await this.#calls.retried((client, options) =>
      client.send(new HeadObjectCommand({ ...place }), options),
    );
    return infoOf(key, reply);
  }

  #readRange(key: string, place: Place, offset: number, into: Uint8Array): Promise<void> {
    const Range = `bytes=${offset}-${offset + into.length - 1}`;
    return this.#calls.retried(async (client, options, progress) => {
      const reply = await client.send(new GetObjectCommand({ ...place, Range }), options);
      const body = reply.Body as Readable;
      const storedBytes = Number(reply.ContentRange?.split('/')[1]);
      try {
        checkEnd(key, offset, into.length, storedBytes - TRAILER_BYTES);
      } catch (caught) {
        body.destroy();
        throw caught;
      }
      await readBody(body, into, progress);
    });
  }

  #onKey<Result>(operation: string, key: string, action: (place: Place) => Promise<Result>): Promise<Result> {
    return this.#run(operation, { key }, async () => {
      checkObjectKey(key);
      return action({ Bucket: this.#config.bucket, Key: this.#root + key });
    });
  }

  async #run<Result>(
    operation: string,
    context: ErrorContext,
    action: () => Promise<Result>,
  ): Promise<Result> {
    if (this.#idle !== undefined) throw new ElanusError('Closed', 'object store is closed', { context });
    this.#running++;
    try {
      return await action();
    } catch (caught) {
      throw s3Error(caught, operation, context);
    } finally {
      this.#running--;
      this.#settleClose();
    }
  }

  #settleClose(): void {
    if (this.#running === 0) this.#idle?.resolve();
  }
}

function infoOf(
  key: string,
  reply: Pick<HeadObjectCommandOutput, 'ContentLength' | 'ETag' | 'LastModified'>,
): ObjectInfo {
  const bytes = (reply.ContentLength ?? 0) - TRAILER_BYTES;
  if (bytes < 0) throw notOfThisStore(key);
  return { key, bytes, version: versionOf(reply.ETag), modifiedMs: wallMs(reply.LastModified) };
}

function checkEnd(key: string, offset: number, length: number, bytes: number): void {
  if (Number.isNaN(bytes)) {
    throw new ElanusError('Unsupported', 'object store: the server ignores ranges', { context: { key } });
  }
  if (offset + length > bytes) {
    throw invalid('range ends behind the object', { key, offset, length, bytes });
  }
}

function notOfThisStore(key: string): ElanusError {
  return new ElanusError('Corrupt', 'object was not written by this plugin, or is cut off', {
    context: { key },
  });
}
