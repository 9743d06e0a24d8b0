import type { Status } from '../../../../gen/milvus/common.ts';
import {
  type AlterDatabaseRequest,
  type CreateDatabaseRequest,
  type DescribeDatabaseRequest,
  DescribeDatabaseResponse,
  type DropDatabaseRequest,
  type ListDatabasesRequest,
  ListDatabasesResponse,
} from '../../../../gen/milvus/milvus.ts';
import { plainPairs } from '../schemaMessages.ts';
import type { DefinitionServices } from '../services.ts';
import { success } from '../status.ts';

/** In these the body alone names the database: Milvus does not look at the metadata either. */
export async function createDatabase(
  { coordinator, random }: DefinitionServices,
  request: CreateDatabaseRequest,
): Promise<Status> {
  const properties = plainPairs(request.properties);
  await coordinator.createDatabase({ requestId: random.uuid(), name: request.dbName, properties });
  return success();
}

export async function dropDatabase(
  { coordinator, random }: DefinitionServices,
  request: DropDatabaseRequest,
): Promise<Status> {
  await coordinator.dropDatabase({ requestId: random.uuid(), name: request.dbName });
  return success();
}

export async function alterDatabase(
  { coordinator, random }: DefinitionServices,
  request: AlterDatabaseRequest,
): Promise<Status> {
  await coordinator.alterDatabase({
    requestId: random.uuid(),
    name: request.dbName,
    set: plainPairs(request.properties),
    deleteKeys: request.deleteKeys,
  });
  return success();
}

export async function listDatabases(
  { coordinator }: DefinitionServices,
  _request: ListDatabasesRequest,
): Promise<ListDatabasesResponse> {
  const databases = await coordinator.listDatabases();
  return ListDatabasesResponse.fromPartial({
    status: success(),
    dbNames: databases.map((database) => database.name),
    createdTimestamp: databases.map((database) => database.createdTs),
    dbIds: databases.map((database) => BigInt(database.databaseId)),
  });
}

export async function describeDatabase(
  { coordinator }: DefinitionServices,
  request: DescribeDatabaseRequest,
): Promise<DescribeDatabaseResponse> {
  const database = await coordinator.describeDatabase(request.dbName);
  return DescribeDatabaseResponse.fromPartial({
    status: success(),
    dbName: database.name,
    dbID: BigInt(database.databaseId),
    createdTimestamp: database.createdTs,
    properties: [...database.properties],
  });
}
