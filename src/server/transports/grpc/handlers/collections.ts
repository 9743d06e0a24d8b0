import type { CollectionInfo } from '../../../../core/domain/catalog.ts';
import { DEFAULT_DATABASE } from '../../../../core/domain/catalog.ts';
import { ElanusError } from '../../../../core/domain/errors.ts';
import type { KeyValue } from '../../../../core/domain/schema.ts';
import type { Status } from '../../../../gen/milvus/common.ts';
import {
  type AddCollectionFieldRequest,
  type AlterCollectionFieldRequest,
  type AlterCollectionRequest,
  BoolResponse,
  type CreateCollectionRequest,
  type DropCollectionRequest,
  type HasCollectionRequest,
  type RenameCollectionRequest,
  type TruncateCollectionRequest,
  TruncateCollectionResponse,
} from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { collectionOf, databaseOf } from '../requestContext.ts';
import {
  decodeCollectionSchema,
  decodeFieldSchema,
  fieldOf,
  plainPairs,
  schemaOf,
} from '../schemaMessages.ts';
import type { DefinitionServices } from '../services.ts';
import { success } from '../status.ts';

export async function createCollection(
  { coordinator, random }: DefinitionServices,
  request: CreateCollectionRequest,
  context: CallContext,
): Promise<Status> {
  const message = decodeCollectionSchema(request.schema);
  await coordinator.createCollection({
    requestId: random.uuid(),
    databaseName: databaseOf(request.dbName, context),
    schema: schemaOf(request.collectionName || message.name, message),
    shardsNum: request.shardsNum,
    consistencyLevel: request.consistencyLevel as CollectionInfo['consistencyLevel'],
    properties: allProperties(message.properties, request.properties),
    numPartitions: Number(request.numPartitions),
  });
  return success();
}

/** Clients put properties into the request, some into the schema too; the request's count. */
function allProperties(ofSchema: readonly KeyValue[], ofRequest: readonly KeyValue[]): readonly KeyValue[] {
  const own = ofSchema.filter(({ key }) => !ofRequest.some((property) => property.key === key));
  return plainPairs([...own, ...ofRequest]);
}

export async function dropCollection(
  { coordinator, random }: DefinitionServices,
  request: DropCollectionRequest,
  context: CallContext,
): Promise<Status> {
  const databaseName = databaseOf(request.dbName, context);
  await coordinator.dropCollection({ requestId: random.uuid(), databaseName, name: request.collectionName });
  return success();
}

export async function hasCollection(
  services: DefinitionServices,
  request: HasCollectionRequest,
  context: CallContext,
): Promise<BoolResponse> {
  return BoolResponse.fromPartial({ status: success(), value: await exists(services, request, context) });
}

async function exists(
  services: DefinitionServices,
  request: HasCollectionRequest,
  context: CallContext,
): Promise<boolean> {
  try {
    await collectionOf(services, request, context);
    return true;
  } catch (caught) {
    const error = ElanusError.from(caught);
    if (error.kind === 'NotFound' && error.subject === 'collection') return false;
    throw error;
  }
}

export async function renameCollection(
  { coordinator, random }: DefinitionServices,
  request: RenameCollectionRequest,
  context: CallContext,
): Promise<Status> {
  const databaseName = databaseOf(request.dbName, context);
  await coordinator.renameCollection({
    requestId: random.uuid(),
    databaseName,
    name: request.oldName,
    // Without a name in the body it stays where the client is, which is where it is.
    newDatabaseName: request.newDBName || context.metadata('dbname') || request.dbName || DEFAULT_DATABASE,
    newName: request.newName,
  });
  return success();
}

export async function alterCollection(
  services: DefinitionServices,
  request: AlterCollectionRequest,
  context: CallContext,
): Promise<Status> {
  const info = await collectionOf(services, request, context);
  await services.coordinator.alterCollection({
    requestId: services.random.uuid(),
    databaseName: info.databaseName,
    name: info.schema.name,
    set: plainPairs(request.properties),
    deleteKeys: request.deleteKeys,
  });
  return success();
}

export async function alterCollectionField(
  { coordinator, random }: DefinitionServices,
  request: AlterCollectionFieldRequest,
  context: CallContext,
): Promise<Status> {
  await coordinator.alterField({
    requestId: random.uuid(),
    databaseName: databaseOf(request.dbName, context),
    name: request.collectionName,
    fieldName: request.fieldName,
    set: plainPairs(request.properties),
    deleteKeys: request.deleteKeys,
  });
  return success();
}

export async function addCollectionField(
  services: DefinitionServices,
  request: AddCollectionFieldRequest,
  context: CallContext,
): Promise<Status> {
  const info = await collectionOf(services, request, context);
  await services.coordinator.addField({
    requestId: services.random.uuid(),
    databaseName: info.databaseName,
    name: info.schema.name,
    field: fieldOf(decodeFieldSchema(request.schema)),
  });
  return success();
}

export async function truncateCollection(
  { coordinator, random }: DefinitionServices,
  request: TruncateCollectionRequest,
  context: CallContext,
): Promise<TruncateCollectionResponse> {
  const databaseName = databaseOf(request.dbName, context);
  await coordinator.truncateCollection({
    requestId: random.uuid(),
    databaseName,
    name: request.collectionName,
  });
  return TruncateCollectionResponse.fromPartial({ status: success() });
}
