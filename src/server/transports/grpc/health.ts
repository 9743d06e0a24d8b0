import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type handleServerStreamingCall, type handleUnaryCall, type Server, status } from '@grpc/grpc-js';

/** grpc.health.v1: HealthCheckRequest { string service = 1 }, HealthCheckResponse { ServingStatus status = 1 }. */
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

/** The standard health service. `services` are those it knows, besides the server itself (''). */
export class HealthService {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<(servingStatus: number) => void>();
  #serving = true;

  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services]);
  }

  addTo(server: Server): void {
    server.register('/grpc.health.v1.Health/Check', this.#check, encodeStatus, decodeRequest, 'unary');
    server.register('/grpc.health.v1.Health/Watch', this.#watch, encodeStatus, decodeRequest, 'serverStream');
  }

  /** Says NOT_SERVING to everybody, and ends the watches, which would otherwise hold a graceful stop up. */
  stop(): void {
    this.#serving = false;
    for (const notify of this.#watchers) notify(NOT_SERVING);
    this.#watchers.clear();
  }

  readonly #check: handleUnaryCall<HealthRequest, number> = (call, callback) => {
    if (this.#services.has(call.request.service)) callback(null, this.#statusOf(call.request.service));
    else
      callback({
        code: status.NOT_FOUND,
        details: `unknown service ${JSON.stringify(call.request.service)}`,
      });
  };

  readonly #watch: handleServerStreamingCall<HealthRequest, number> = (call) => {
    call.write(this.#statusOf(call.request.service));
    if (!this.#serving) {
      call.end();
      return;
    }
    const notify = (servingStatus: number): void => {
      call.write(servingStatus);
      call.end();
    };
    this.#watchers.add(notify);
    call.once('cancelled', () => this.#watchers.delete(notify));
  };

  #statusOf(service: string): number {
    if (!this.#services.has(service)) return SERVICE_UNKNOWN;
    return this.#serving ? SERVING : NOT_SERVING;
  }
}

function encodeStatus(servingStatus: number): Buffer {
  return Buffer.from(new BinaryWriter().uint32(8).int32(servingStatus).finish());
}

interface HealthRequest {
  readonly service: string;
}

function decodeRequest(bytes: Buffer): HealthRequest {
  const reader = new BinaryReader(bytes);
  let service = '';
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 10) service = reader.string();
    else reader.skip(tag & 7);
  }
  return { service };
}
