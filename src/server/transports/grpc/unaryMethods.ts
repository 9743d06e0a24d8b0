import { type handleUnaryCall, type ServiceDefinition, status } from '@grpc/grpc-js';
import { ElanusError } from '../../../core/domain/errors.ts';
import type { Logger } from '../../../core/ports/logger.ts';
import { type CallContext, GrpcCallContext } from './callContext.ts';
import { type CallOutcome, type CallRecorder, grpcStatusName, replyStatus } from './callRecorder.ts';
import { grpcError } from './grpcErrors.ts';

/**
 * Answers one RPC. Application errors belong into the reply's Status; what is thrown becomes a gRPC error (grpcErrors.ts).
 * Requests and replies are typed where the handler is written; here they are what the method's codec gives and takes.
 */
// biome-ignore lint/suspicious/noExplicitAny: requests differ by RPC, and a function's parameter cannot be `unknown` here
export type UnaryHandler = (request: any, context: CallContext) => Promise<unknown> | unknown;

/** Handlers by RPC name; an RPC that is missing is answered UNIMPLEMENTED. */
export type UnaryHandlers = Readonly<Record<string, UnaryHandler>>;

/** A request that is no valid message of its type. */
class BrokenRequest {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Stands for a request nobody reads; grpc-js takes undefined for a request that did not come. */
const UNREAD = {};

/**
 * The definition with decoders that never throw: grpc-js would answer INTERNAL to a broken message, which clients repeat.
 * Requests of methods without a handler are not decoded.
 */
export function tolerantDefinition(
  definition: ServiceDefinition,
  handlers: UnaryHandlers,
): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => {
      const decode = method.requestDeserialize;
      const requestDeserialize = (bytes: Buffer): unknown => {
        if (handlers[rpcName(method.path)] === undefined) return UNREAD;
        try {
          return decode(bytes);
        } catch (error) {
          return new BrokenRequest(error instanceof Error ? error.message : String(error));
        }
      };
      return [name, { ...method, requestDeserialize }];
    }),
  );
}

/** grpc-js's form of the handlers, by the names of the definition. */
export function unaryImplementation(
  definition: ServiceDefinition,
  handlers: UnaryHandlers,
  logger: Logger,
  recorder: CallRecorder,
): Record<string, handleUnaryCall<unknown, unknown>> {
  const implementation: Record<string, handleUnaryCall<unknown, unknown>> = {};
  for (const [name, method] of Object.entries(definition)) {
    const rpc = rpcName(method.path);
    const handler = handlers[rpc];
    if (handler !== undefined) implementation[name] = unaryCall(rpc, handler, logger, recorder(rpc));
  }
  return implementation;
}

function unaryCall(
  rpc: string,
  handler: UnaryHandler,
  logger: Logger,
  record: (outcome: CallOutcome) => void,
): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    const startMs = performance.now();
    const ended = (status: string, reply?: unknown): void =>
      record({ status, seconds: (performance.now() - startMs) / 1_000, reply });
    const request = call.request;
    if (request instanceof BrokenRequest) {
      ended('INVALID_ARGUMENT');
      callback({
        code: status.INVALID_ARGUMENT,
        details: `${rpc}: the request is no valid message: ${request.reason}`,
      });
      return;
    }
    answer(handler, request, new GrpcCallContext(call)).then(
      (reply) => {
        ended(replyStatus(reply), reply);
        callback(null, reply);
      },
      (caught: unknown) => {
        const error = grpcError(caught);
        ended(grpcStatusName(error.code));
        if (error.code === status.INTERNAL)
          logger.error('an RPC failed', { rpc, cause: ElanusError.from(caught) });
        callback(error);
      },
    );
  };
}

/** A handler that throws at once is like one that rejects. */
async function answer(handler: UnaryHandler, request: unknown, context: CallContext): Promise<unknown> {
  return handler(request, context);
}

/** `/milvus.proto.milvus.MilvusService/GetVersion` → `GetVersion`. */
function rpcName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
