import { status } from '@grpc/grpc-js';
import { ElanusError, type ErrorKind } from '../../../core/domain/errors.ts';

export interface GrpcError {
  readonly code: number;
  readonly details: string;
}

/**
 * gRPC codes of errors that a handler did not put into the reply's Status. Clients repeat a call up to 75 times on every
 * code but DEADLINE_EXCEEDED, PERMISSION_DENIED, UNAUTHENTICATED, INVALID_ARGUMENT, ALREADY_EXISTS, RESOURCE_EXHAUSTED
 * and UNIMPLEMENTED; only what may pass by itself gets another one.
 */
const CODE_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  NotFound: status.INVALID_ARGUMENT,
  AlreadyExists: status.ALREADY_EXISTS,
  Conflict: status.INVALID_ARGUMENT,
  Invalid: status.INVALID_ARGUMENT,
  NotLoaded: status.INVALID_ARGUMENT,
  SchemaMismatch: status.INVALID_ARGUMENT,
  Unsupported: status.UNIMPLEMENTED,
  Fenced: status.UNAVAILABLE,
  Closed: status.UNAVAILABLE,
  Unavailable: status.UNAVAILABLE,
  Timeout: status.DEADLINE_EXCEEDED,
  Unknown: status.DEADLINE_EXCEEDED,
  Truncated: status.INVALID_ARGUMENT,
  TooLarge: status.RESOURCE_EXHAUSTED,
  Exhausted: status.RESOURCE_EXHAUSTED,
  Corrupt: status.INTERNAL,
  Internal: status.INTERNAL,
};

export function grpcError(caught: unknown): GrpcError {
  if (isGrpcError(caught)) return caught;
  const error = ElanusError.from(caught);
  return { code: CODE_OF_KIND[error.kind], details: error.text };
}

function isGrpcError(caught: unknown): caught is GrpcError {
  const candidate = caught as Partial<GrpcError> | null;
  return typeof candidate?.code === 'number' && typeof candidate.details === 'string';
}
