import type { ServiceDefinition } from '@grpc/grpc-js';
import { expect } from 'vitest';
import type { StreamingService } from '../../../../src/core/streaming/service.ts';
import { MilvusServiceService } from '../../../../src/gen/milvus/milvus.ts';
import { SeededRandom } from '../../../../src/plugins/memory/seededRandom.ts';
import type { CallContext } from '../../../../src/server/transports/grpc/callContext.ts';
import { definitionHandlers } from '../../../../src/server/transports/grpc/registry.ts';
import type { Fixture } from '../../../core/coordinator/fixture.ts';
import { silent, startCoordinator } from '../../../core/coordinator/fixture.ts';

const METHODS: ServiceDefinition = MilvusServiceService;

/** A reply as a client sees it: what lies in it, by names. */
// biome-ignore lint/suspicious/noExplicitAny: replies differ by RPC; the assertions say what is in them
export type Reply = any;

/** Calls handlers as the server would: through the wire's bytes, in both directions. */
export class MilvusClient {
  readonly fixture: Fixture;
  readonly metadata = new Map<string, string>();
  readonly handlers: ReturnType<typeof definitionHandlers>;

  constructor(fixture: Fixture) {
    this.fixture = fixture;
    this.handlers = definitionHandlers({
      coordinator: fixture.coordinator,
      streaming: fixture.streaming as unknown as StreamingService,
      clock: fixture.clock,
      random: new SeededRandom(1),
      logger: silent,
      server: {
        version: '3.0.1',
        buildTime: 'now',
        gitCommit: 'abc',
        deployMode: 'STANDALONE',
        address: '127.0.0.1:19530',
      },
    });
  }

  static async start(): Promise<MilvusClient> {
    return new MilvusClient(await startCoordinator());
  }

  async call(rpc: string, request: object = {}): Promise<Reply> {
    const method = Object.values(METHODS).find(({ path }) => path.endsWith(`/${rpc}`))!;
    const decoded = method.requestDeserialize(method.requestSerialize(complete(method, request)));
    const reply = await this.handlers[rpc]!(decoded, this.#context());
    return method.responseDeserialize(method.responseSerialize(reply));
  }

  /** Calls and expects success. */
  async ok(rpc: string, request: object = {}): Promise<Reply> {
    const reply = await this.call(rpc, request);
    expect(statusOf(reply)).toMatchObject({ code: 0, errorCode: 0, reason: '', extraInfo: {} });
    return reply;
  }

  /** Calls and expects failure: `code/legacy code: reason`. */
  async fault(rpc: string, request: object = {}): Promise<string> {
    const { code, errorCode, reason } = statusOf(await this.call(rpc, request));
    expect(code).not.toBe(0);
    expect(errorCode).not.toBe(0);
    return `${code}/${errorCode}: ${reason}`;
  }

  #context(): CallContext {
    return {
      metadata: (key) => this.metadata.get(key),
      signal: new AbortController().signal,
      deadlineMs: Number.POSITIVE_INFINITY,
      peer: 'test',
    };
  }
}

/** A request with every field that was not given at its default: an empty message, filled. */
function complete(method: ServiceDefinition[string], request: object): object {
  return { ...(method.requestDeserialize(Buffer.alloc(0)) as object), ...request };
}

/** Some replies are a status themselves. */
function statusOf(reply: Reply) {
  return reply.status ?? reply;
}
