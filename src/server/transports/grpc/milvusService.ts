import type { ServiceDefinition } from '@grpc/grpc-js';
import type { DataAccess } from '../../../core/access/dataAccess.ts';
import { MilvusServiceService } from '../../../gen/milvus/milvus.ts';
import { columnCodec } from './codec/columnCodec.ts';
import { dataHandlers } from './handlers/data.ts';
import { definitionHandlers } from './registry.ts';
import type { GrpcService } from './server.ts';
import type { DefinitionServices } from './services.ts';

/** MilvusService with the handlers there are. */
export function milvusService(services: DefinitionServices & { readonly access: DataAccess }): GrpcService {
  return {
    name: 'milvus.proto.milvus.MilvusService',
    definition: MilvusServiceService as unknown as ServiceDefinition,
    handlers: { ...definitionHandlers(services), ...dataHandlers({ ...services, codec: columnCodec }) },
  };
}
