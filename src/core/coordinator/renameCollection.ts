import type { CollectionInfo } from '../domain/catalog.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import { apply, commitCollections } from './collectionChanges.ts';
import type { CoordinatorContext } from './context.ts';
import { collectionLock, databaseLock } from './context.ts';
import { checkName } from './names.ts';

export interface Renaming {
  readonly requestId: string;
  readonly databaseName: string;
  readonly name: string;
  readonly newDatabaseName: string;
  readonly newName: string;
}

export async function renameCollection(context: CoordinatorContext, request: Renaming): Promise<void> {
  checkName('collection', request.newName);
  await context.requests.once('renameCollection', request.requestId, async () => {
    await context.ready();
    const databases = [databaseLock(request.databaseName), databaseLock(request.newDatabaseName)];
    const renamed = await context.locks.run(databases, async () => {
      const { collectionId } = context.catalog.collection(request.databaseName, request.name).info;
      return context.locks.run([collectionLock(collectionId)], async () => {
        const info = renamedCollection(context, request, context.catalog.byId(collectionId).info);
        await commitCollections(context, [info]);
        return info;
      });
    });
    await apply(context, renamed);
  });
}

function renamedCollection(
  context: CoordinatorContext,
  request: Renaming,
  current: CollectionInfo,
): CollectionInfo {
  const { databaseName, name, newDatabaseName, newName } = request;
  if (context.catalog.isAlias(databaseName, name)) {
    throw invalid(`unsupported use an alias to rename collection, alias:${name}`);
  }
  const database = context.catalog.database(newDatabaseName).info;
  if (context.catalog.find(newDatabaseName, newName) !== undefined) {
    throw new ElanusError(
      'AlreadyExists',
      `duplicated new collection name ${newName} in database ${newDatabaseName} with other collection name or alias`,
      { subject: 'collection' },
    );
  }
  if (databaseName !== newDatabaseName && current.aliases.length > 0) {
    throw invalid('must drop all aliases of the collection before it is moved to another database', {
      collection: name,
      aliases: current.aliases.join(', '),
    });
  }
  return {
    ...current,
    databaseId: database.databaseId,
    databaseName: database.name,
    schema: { ...current.schema, name: newName },
    revision: current.revision + 1,
  };
}
