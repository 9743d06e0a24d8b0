import type { CollectionInfo } from '../domain/catalog.ts';
import { ElanusError } from '../domain/errors.ts';
import { apply, commitCollections } from './collectionChanges.ts';
import type { CoordinatorContext } from './context.ts';
import { collectionLock, databaseLock } from './context.ts';
import { checkName } from './names.ts';

interface AliasRequest {
  readonly requestId: string;
  readonly databaseName: string;
  readonly alias: string;
}

interface AliasTarget extends AliasRequest {
  readonly collection: string;
}

/** The same alias of the same collection again is a success. */
export async function createAlias(context: CoordinatorContext, request: AliasTarget): Promise<void> {
  checkName('alias', request.alias);
  await changeAliases(context, 'createAlias', request, () => {
    const target = targetCollection(context, request);
    const owner = aliasOwner(context, request);
    if (owner?.collectionId === target.collectionId) return [];
    if (owner !== undefined) {
      const message = `${request.alias} is alias to another collection: ${owner.schema.name}: alias already exist`;
      throw aliasError('AlreadyExists', message, request);
    }
    return [[target.collectionId, (aliases) => [...aliases, request.alias]]];
  });
}

/** A missing alias is a success. */
export async function dropAlias(context: CoordinatorContext, request: AliasRequest): Promise<void> {
  await changeAliases(context, 'dropAlias', request, () => {
    const owner = aliasOwner(context, request);
    return owner === undefined ? [] : [[owner.collectionId, (aliases) => without(aliases, request.alias)]];
  });
}

/** Moves an alias to another collection in one step. */
export async function alterAlias(context: CoordinatorContext, request: AliasTarget): Promise<void> {
  await changeAliases(context, 'alterAlias', request, () => {
    const target = targetCollection(context, request);
    const owner = aliasOwner(context, request);
    if (owner === undefined) throw aliasError('NotFound', 'alias not found', request);
    if (owner.collectionId === target.collectionId) return [];
    return [
      [owner.collectionId, (aliases) => without(aliases, request.alias)],
      [target.collectionId, (aliases) => [...aliases, request.alias]],
    ];
  });
}

type AliasChange = readonly [collectionId: number, change: (aliases: readonly string[]) => readonly string[]];

/** `plan` runs under the database's lock and looks at names only; its changes are one txn. */
async function changeAliases(
  context: CoordinatorContext,
  operation: string,
  request: AliasRequest,
  plan: () => readonly AliasChange[],
): Promise<void> {
  await context.requests.once(operation, request.requestId, async () => {
    await context.ready();
    const changed = await context.locks.run([databaseLock(request.databaseName)], async () => {
      context.catalog.database(request.databaseName);
      const changes = plan();
      if (changes.length === 0) return [];
      return context.locks.run(
        changes.map(([collectionId]) => collectionLock(collectionId)),
        async () => {
          const infos = changes.map(([collectionId, change]) => {
            const { info } = context.catalog.byId(collectionId);
            return { ...info, aliases: change(info.aliases), revision: info.revision + 1 };
          });
          await commitCollections(context, infos);
          return infos;
        },
      );
    });
    for (const info of changed) await apply(context, info);
  });
}

function targetCollection(context: CoordinatorContext, request: AliasTarget): CollectionInfo {
  const { info } = context.catalog.collection(request.databaseName, request.collection);
  if (!context.catalog.isAlias(request.databaseName, request.collection)) return info;
  // Milvus takes real names only here.
  throw new ElanusError('NotFound', 'collection not found', {
    subject: 'collection',
    context: { database: request.databaseName, collection: request.collection },
  });
}

/** The collection that has the alias. Error: Conflict when the name is a collection's. */
function aliasOwner(context: CoordinatorContext, request: AliasRequest): CollectionInfo | undefined {
  const entry = context.catalog.find(request.databaseName, request.alias);
  if (entry === undefined || context.catalog.isAlias(request.databaseName, request.alias)) return entry?.info;
  throw aliasError('Conflict', 'alias and collection name conflict', request);
}

function aliasError(kind: 'NotFound' | 'AlreadyExists' | 'Conflict', message: string, request: AliasRequest) {
  return new ElanusError(kind, message, {
    subject: 'alias',
    context: { database: request.databaseName, alias: request.alias },
  });
}

function without(aliases: readonly string[], alias: string): readonly string[] {
  return aliases.filter((name) => name !== alias);
}
