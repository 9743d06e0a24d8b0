import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import * as messages from '../../../src/gen/milvus/milvus.ts';
import { ElanusServer } from '../harness/elanusServer.ts';
import { methodOf, RPCS } from './protocol.ts';

/** A reply as a client sees it; what lies in it depends on the RPC. */
// biome-ignore lint/suspicious/noExplicitAny: replies differ by RPC, and the probes say what is in them
export type Reply = any;

export interface Answer {
  /** gRPC status; 0 = the reply came. */
  readonly grpcCode: number;
  /** Milvus code of the reply's status, or 0. */
  readonly code: number;
  readonly reason: string;
  readonly reply: Reply;
}

export type Headers = Readonly<Record<string, string>>;

const ANSWER_MS_MAX = 20_000;

/** A server of its own and one connection to it. */
export class World {
  readonly server = new ElanusServer();
  #client: Client | undefined;
  #names = 0;

  async start(): Promise<void> {
    await this.server.start();
    this.#client = new Client(this.server.address, credentials.createInsecure());
  }

  async stop(): Promise<void> {
    this.#client?.close();
    await this.server.remove();
  }

  /** A name that nothing has. */
  newName(): string {
    return `case_${this.#names++}`;
  }

  /** Any RPC by its name in the table, with a request that is complete but for what is given. */
  call(rpc: string, request: object = {}, headers: Headers = {}): Promise<Answer> {
    const { path } = RPCS.get(rpc)!;
    const bytes = Object.keys(request).length === 0 ? Buffer.alloc(0) : requestBytes(rpc, request);
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#client!.makeUnaryRequest(
      path,
      (value: Buffer) => value,
      (reply: Buffer) => reply,
      bytes,
      metadata,
      { deadline: Date.now() + ANSWER_MS_MAX },
      (error: ServiceError | null, reply?: Buffer) => {
        if (error !== null)
          resolve({ grpcCode: error.code, code: 0, reason: error.details, reply: undefined });
        else resolve(answerOf(methodOf(rpc).responseDeserialize(reply!)));
      },
    );
    return promise;
  }

  /** As `call`; throws when it fails. */
  async ok(rpc: string, request: object = {}, headers: Headers = {}): Promise<Reply> {
    const answer = await this.call(rpc, request, headers);
    if (answer.grpcCode === 0 && answer.code === 0) return answer.reply;
    throw new Error(`${rpc} failed: gRPC ${answer.grpcCode}, code ${answer.code}: ${answer.reason}`);
  }
}

interface RequestMessage {
  fromPartial(request: object): object;
}

/** Filled up with defaults at every depth, and of known fields only. */
function requestBytes(rpc: string, request: object): Buffer {
  const { requestType } = RPCS.get(rpc)!;
  const { fromPartial } = (messages as unknown as Record<string, RequestMessage>)[requestType]!;
  const empty = fromPartial({});
  for (const key of Object.keys(request)) {
    if (!(key in empty)) throw new Error(`a request of ${rpc} has no field ${key}`);
  }
  return methodOf(rpc).requestSerialize(fromPartial(request));
}

function answerOf(reply: Reply): Answer {
  const status = reply.status ?? (typeof reply.errorCode === 'number' ? reply : undefined);
  return { grpcCode: 0, code: status?.code ?? 0, reason: status?.reason ?? '', reply };
}
