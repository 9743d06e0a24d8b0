import { ElanusError } from '../../../../core/domain/errors.ts';
import type { Status } from '../../../../gen/milvus/common.ts';
import type {
  AlterAliasRequest,
  CreateAliasRequest,
  DescribeAliasRequest,
  DescribeAliasResponse,
  DropAliasRequest,
  ListAliasesRequest,
  ListAliasesResponse,
} from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { databaseOf } from '../requestContext.ts';
import type { DefinitionServices } from '../services.ts';
import { success } from '../status.ts';

export async function createAlias(
  { coordinator, random }: DefinitionServices,
  request: CreateAliasRequest,
  context: CallContext,
): Promise<Status> {
  const databaseName = databaseOf(request.dbName, context);
  const { alias, collectionName: collection } = request;
  await coordinator.createAlias({ requestId: random.uuid(), databaseName, alias, collection });
  return success();
}

export async function dropAlias(
  { coordinator, random }: DefinitionServices,
  request: DropAliasRequest,
  context: CallContext,
): Promise<Status> {
  const databaseName = databaseOf(request.dbName, context);
  await coordinator.dropAlias({ requestId: random.uuid(), databaseName, alias: request.alias });
  return success();
}

export async function alterAlias(
  { coordinator, random }: DefinitionServices,
  request: AlterAliasRequest,
  context: CallContext,
): Promise<Status> {
  const databaseName = databaseOf(request.dbName, context);
  const { alias, collectionName: collection } = request;
  await coordinator.alterAlias({ requestId: random.uuid(), databaseName, alias, collection });
  return success();
}

export async function describeAlias(
  { coordinator }: DefinitionServices,
  request: DescribeAliasRequest,
  context: CallContext,
): Promise<DescribeAliasResponse> {
  const dbName = databaseOf(request.dbName, context);
  const { alias } = request;
  const owner = (await coordinator.listCollections(dbName)).find((info) => info.aliases.includes(alias));
  if (owner === undefined) {
    throw new ElanusError('NotFound', 'alias not found', {
      subject: 'alias',
      context: { database: dbName, alias },
    });
  }
  return { status: success(), dbName, alias, collection: owner.schema.name };
}

/** Of one collection, or of the whole database. */
export async function listAliases(
  { coordinator }: DefinitionServices,
  request: ListAliasesRequest,
  context: CallContext,
): Promise<ListAliasesResponse> {
  const dbName = databaseOf(request.dbName, context);
  const { collectionName } = request;
  const collections =
    collectionName === ''
      ? await coordinator.listCollections(dbName)
      : [await coordinator.getCollection(dbName, collectionName)];
  const aliases = collections.flatMap((info) => info.aliases);
  return { status: success(), dbName, collectionName, aliases };
}
