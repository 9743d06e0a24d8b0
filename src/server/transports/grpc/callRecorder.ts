import { status } from '@grpc/grpc-js';
import type { Status } from '../../../gen/milvus/common.ts';

/** How a call ended, for metrics. */
export interface CallOutcome {
  /** `0`, Milvus's code of a failure, or the name of a gRPC status such as `INVALID_ARGUMENT`. */
  readonly status: string;
  readonly seconds: number;
  /** undefined when the call ended with a gRPC error. */
  readonly reply: unknown;
}

/** Asked once for each RPC before the first call; what it gives is told the outcome of each. Under 1 µs a call. */
export type CallRecorder = (rpc: string) => (outcome: CallOutcome) => void;

export const recordNothing: CallRecorder = () => () => undefined;

/** The status in a reply, which is a Status or has one; a reply without any is a success. */
export function replyStatus(reply: unknown): string {
  const { status, code } = reply as { readonly status?: Status; readonly code?: number };
  return String(status?.code ?? code ?? 0);
}

export function grpcStatusName(code: number): string {
  return status[code] ?? String(code);
}
