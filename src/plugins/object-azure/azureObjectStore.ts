import type { Readable } from 'node:stream';
import type { BlobRequestConditions } from '@azure/storage-blob';
import { ElanusError, type ErrorContext, type ErrorKind, invalid } from '../../core/domain/errors.ts';
import { readBody, unshared } from '../../core/ports/objectBody.ts';
import {
  checkObjectKey,
  checkObjectLimit,
  checkObjectPrefix,
  checkObjectRange,
} from '../../core/ports/objectKeys.ts';
import { RetryPolicy, settled } from '../../core/ports/objectRetries.ts';
import type { ObjectContent, ObjectInfo, ObjectStore, ObjectVersion } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { BlockUpload } from './blockUpload.ts';
import { Calls } from './calls.ts';
import { makeClient } from './client.ts';
import type { ObjectAzureConfig } from './config.ts';
import { azureError, failureOf, unknownOutcome } from './errors.ts';
import { listObjects } from './listing.ts';
import { infoOf, versionOf } from './objectInfo.ts';
import { probe } from './probe.ts';

/** What must hold for a write, and what its failure means. */
interface Condition {
  readonly conditions: BlobRequestConditions;
  readonly failure?: { readonly kind: ErrorKind; readonly message: string };
}

const ALWAYS: Condition = { conditions: {} };
const ABSENT: Condition = {
  conditions: { ifNoneMatch: '*' },
  failure: { kind: 'AlreadyExists', message: 'object exists' },
};
const CHANGED = { kind: 'Conflict', message: 'object has another version' } as const;
/** What an ETag can be. Quotes and `*` would change the condition. */
const VERSION = /^[!#-)+-~]+$/;
/** Metadata of a blob: the UUID of the put that wrote it, by which a put that got no answer is known again. */
const MARK = 'elanusput';
/** A download that breaks off is begun again by this plugin, not by the client. */
const ONE_REQUEST = { maxRetryRequests: 0 };

/**
 * Opens the store in an existing container, after checks that it can be read and written and that conditions are honoured.
 * Errors: Unavailable (naming container and account), Exhausted, Unsupported, Invalid (connection string, key).
 */
export async function openAzureObjectStore(
  config: ObjectAzureConfig,
  deps: PluginDeps,
): Promise<ObjectStore> {
  const policy = new RetryPolicy(config.retriesMax, { failureOf, unknownOutcome }, deps);
  const container = makeClient(config);
  const calls = new Calls(container, policy, config.requestTimeoutMs);
  const root = config.prefix === '' ? '' : `${config.prefix}/`;
  await probe(calls, container, root, deps.random.uuid());
  return new AzureObjectStore(calls, config, root, deps);
}

/** An object is a block blob. */
class AzureObjectStore implements ObjectStore {
  readonly #calls: Calls;
  readonly #config: ObjectAzureConfig;
  readonly #root: string;
  readonly #deps: PluginDeps;
  #running = 0;
  /** Resolves when the last call ended; undefined until close. */
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(calls: Calls, config: ObjectAzureConfig, root: string, deps: PluginDeps) {
    this.#calls = calls;
    this.#config = config;
    this.#root = root;
    this.#deps = deps;
  }

  put(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#onKey('put', key, (blob) => this.#write(key, blob, bytes, ALWAYS));
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#onKey('putIfAbsent', key, (blob) => this.#write(key, blob, bytes, ABSENT));
  }

  putIfMatch(key: string, bytes: Uint8Array, version: ObjectVersion): Promise<ObjectVersion> {
    return this.#onKey('putIfMatch', key, async (blob) => {
      if (!VERSION.test(version)) throw new ElanusError(CHANGED.kind, CHANGED.message, { context: { key } });
      return this.#write(key, blob, bytes, { conditions: { ifMatch: `"${version}"` }, failure: CHANGED });
    });
  }

  get(key: string): Promise<ObjectContent> {
    return this.#onKey('get', key, (blob) =>
      this.#calls.retried(async (container, { abortSignal }, progress) => {
        const reply = await container
          .getBlobClient(blob)
          .download(0, undefined, { abortSignal, ...ONE_REQUEST });
        const content = new Uint8Array(reply.contentLength ?? 0);
        await readBody(reply.readableStreamBody as Readable, content, progress);
        return { ...infoOf(key, reply), content };
      }),
    );
  }

  getRange(key: string, offset: number, length: number, into: Uint8Array): Promise<void> {
    return this.#onKey('getRange', key, async (blob) => {
      checkObjectRange(offset, length, into);
      if (length === 0) checkEnd(key, offset, length, (await this.#head(key, blob)).bytes);
      else await this.#readRange(key, blob, offset, into.subarray(0, length));
    });
  }

  head(key: string): Promise<ObjectInfo> {
    return this.#onKey('head', key, (blob) => this.#head(key, blob));
  }

  list(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly ObjectInfo[]> {
    return this.#run('list', { prefix }, async () => {
      checkObjectPrefix(prefix);
      const limit = checkObjectLimit(options.limit);
      return listObjects(this.#calls, { root: this.#root, prefix, afterKey: options.afterKey, limit });
    });
  }

  delete(key: string): Promise<void> {
    return this.#onKey('delete', key, async (blob) => {
      try {
        await this.#calls.retried((container, options) => container.getBlobClient(blob).delete(options));
      } catch (caught) {
        if (failureOf(caught).kind !== 'NotFound') throw caught;
      }
    });
  }

  async close(): Promise<void> {
    this.#idle ??= Promise.withResolvers();
    this.#calls.policy.stop();
    this.#settleClose();
    await this.#idle.promise;
  }

  async #write(key: string, blob: string, bytes: Uint8Array, condition: Condition): Promise<ObjectVersion> {
    const mark = this.#deps.random.uuid();
    try {
      return await settled(this.#calls.policy, {
        key,
        send: this.#sender(blob, bytes, condition, mark),
        findOwn: () => this.#findOwn(blob, mark),
        isRepeatable: condition !== ALWAYS,
      });
    } catch (caught) {
      if (condition.failure === undefined || !failureOf(caught).isConditionFailed) throw caught;
      throw new ElanusError(condition.failure.kind, condition.failure.message, { context: { key } });
    }
  }

  /** What makes one attempt to write all. */
  #sender(
    blob: string,
    bytes: Uint8Array,
    { conditions }: Condition,
    mark: string,
  ): () => Promise<ObjectVersion> {
    const { partBytes, partsInFlightMax } = this.#config;
    const options = { metadata: { [MARK]: mark }, conditions };
    if (bytes.length > partBytes) {
      const upload = new BlockUpload(this.#calls, blob, bytes, partBytes, mark);
      return async () => versionOf(await upload.send(partsInFlightMax, options));
    }
    const body = unshared(bytes);
    return async () => {
      const { etag } = await this.#calls.once((container, { abortSignal }) =>
        container.getBlockBlobClient(blob).upload(body, body.length, { ...options, abortSignal }),
      );
      return versionOf(etag);
    };
  }

  async #findOwn(blob: string, mark: string): Promise<ObjectVersion | undefined> {
    try {
      const { metadata, etag } = await this.#calls.once((container, options) =>
        container.getBlobClient(blob).getProperties(options),
      );
      return metadata?.[MARK] === mark ? versionOf(etag) : undefined;
    } catch (caught) {
      if (failureOf(caught).kind === 'NotFound') return undefined;
      throw caught;
    }
  }

  async #head(key: string, blob: string): Promise<ObjectInfo> {
    const reply = await this.#calls.retried((container, options) =>
      container.getBlobClient(blob).getProperties(options),
    );
    return infoOf(key, reply);
  }

  #readRange(key: string, blob: string, offset: number, into: Uint8Array): Promise<void> {
    return this.#calls.retried(async (container, { abortSignal }, progress) => {
      const reply = await container
        .getBlobClient(blob)
        .download(offset, into.length, { abortSignal, ...ONE_REQUEST });
      const body = reply.readableStreamBody as Readable;
      try {
        checkEnd(key, offset, into.length, Number(reply.contentRange?.split('/')[1]));
      } catch (caught) {
        body.destroy();
        throw caught;
      }
      await readBody(body, into, progress);
    });
  }

  #onKey<Result>(operation: string, key: string, action: (blob: string) => Promise<Result>): Promise<Result> {
    return this.#run(operation, { key }, async () => {
      checkObjectKey(key);
      return action(this.#root + key);
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
      throw azureError(caught, operation, context);
    } finally {
      this.#running--;
      this.#settleClose();
    }
  }

  #settleClose(): void {
    if (this.#running === 0) this.#idle?.resolve();
  }
}

function checkEnd(key: string, offset: number, length: number, bytes: number): void {
  if (Number.isNaN(bytes)) {
    throw new ElanusError('Unsupported', 'object store: the service ignores ranges', { context: { key } });
  }
  if (offset + length > bytes) {
    throw invalid('range ends behind the object', { key, offset, length, bytes });
  }
}
