import type { ServiceDefinition } from '@grpc/grpc-js';
import * as messages from '../../../src/gen/milvus/milvus.ts';
import { ourFacts } from '../../../test/unit/gen/protoFacts.ts';

/** One RPC of the protocol files. */
export interface Rpc {
  /** `GetVersion`; outside MilvusService `ClientTelemetryService/ClientHeartbeat`. */
  readonly name: string;
  readonly path: string;
  /** `ConnectRequest` */
  readonly requestType: string;
}

export const FACTS = ourFacts();
const MILVUS: ServiceDefinition = messages.MilvusServiceService;

export const RPCS: ReadonlyMap<string, Rpc> = new Map(
  Object.entries(FACTS.rpcs).map(([full, types]) => {
    const [service = '', method = ''] = full.slice('milvus.'.length).split('/');
    const name = service === 'MilvusService' ? method : `${service}/${method}`;
    const requestType = types.split(' -> ')[0]!.replace('stream ', '').split('.').slice(1).join('.');
    return [name, { name, path: `/milvus.proto.milvus.${service}/${method}`, requestType }];
  }),
);

/** Serialisers of an RPC of MilvusService. */
export function methodOf(rpc: string): ServiceDefinition[string] {
  const method = Object.values(MILVUS).find(({ path }) => path.endsWith(`/${rpc}`));
  if (method === undefined) throw new Error(`there is no RPC ${rpc}`);
  return method;
}

/** Names of a request's fields as the protocol spells them, with their types: `repeated string`. */
export function fieldsOf(message: string): Readonly<Record<string, string>> {
  const fields = FACTS.messages[message];
  if (fields === undefined) throw new Error(`there is no message ${message}`);
  return Object.fromEntries(
    Object.entries(fields).map(([name, fact]) => [name, fact.slice(fact.indexOf(' ') + 1)]),
  );
}

/** `placeholder_group` → `placeholderGroup`: how generated code spells a field. */
export function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
