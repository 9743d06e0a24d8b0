import type { CollectionInfo } from '../domain/catalog.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import type { GuardedChange } from './catalogStore.ts';
import type { CoordinatorContext } from './context.ts';
import { collectionLock, databaseLock } from './context.ts';
import { encodeJson } from './documentPages.ts';
import {
  checkpointPrefix,
  collectionPageKey,
  DROPPED_PREFIX,
  droppedKey,
  idAfter,
  segmentPrefix,
} from './keys.ts';

/** A txn takes 100 keys. */
const DELETES_A_TXN = 90;

/**
 * One txn takes the collection out of the catalogue and leaves an intent; what is left is cleared in steps that may be
 * repeated, now or after the next start.
 */
export async function dropCollection(
  context: CoordinatorContext,
  request: { requestId: string; databaseName: string; name: string },
): Promise<void> {
  const { databaseName, name } = request;
  await context.requests.once('dropCollection', request.requestId, async () => {
    await context.ready();
    const dropped = await context.locks.run([databaseLock(databaseName)], async () => {
      context.catalog.database(databaseName);
      const entry = context.catalog.find(databaseName, name);
      if (entry === undefined) return undefined;
      if (context.catalog.isAlias(databaseName, name)) {
        throw invalid(`cannot drop the collection via alias = ${name}`, {
          collection: entry.info.schema.name,
        });
      }
      const { collectionId } = entry.info;
      await context.locks.run([collectionLock(collectionId)], () => takeOut(context, collectionId));
      return entry.info;
    });
    if (dropped !== undefined) await clearLogged(context, dropped.collectionId);
  });
}

async function takeOut(context: CoordinatorContext, collectionId: number): Promise<void> {
  const { info, metaRevision, pages } = context.catalog.byId(collectionId);
  refuseWithAliases(info);
  const changes: GuardedChange[] = [];
  for (let page = 0; page < pages; page++) {
    const expected = page === 0 ? metaRevision : undefined;
    changes.push({ key: collectionPageKey(collectionId, page), expected, value: undefined });
  }
  // First, so that it tells the outcome of a write whose reply was lost.
  changes.unshift({ key: droppedKey(collectionId), expected: undefined, value: encodeJson(collectionId) });
  await context.store.write(changes);
  context.catalog.remove(collectionId);
  context.applied.delete(collectionId);
}

function refuseWithAliases(info: CollectionInfo): void {
  if (info.aliases.length === 0) return;
  const { name } = info.schema;
  throw new ElanusError(
    'Conflict',
    `unable to drop the collection [${name}] because it has associated aliases [${info.aliases.join(' ')}], ` +
      'please remove all aliases before dropping the collection',
  );
}

/** Clears what collections that were dropped before the last stop left behind. For after the streaming node has started. */
export async function clearDropped(context: CoordinatorContext): Promise<void> {
  for (const { key } of await context.store.readAll(DROPPED_PREFIX)) {
    await clearLogged(context, idAfter(DROPPED_PREFIX, key));
  }
}

/** The collection is gone already: what fails here is left to the next start. */
async function clearLogged(context: CoordinatorContext, collectionId: number): Promise<void> {
  try {
    if (!context.channels.isClaimed) return;
    await context.streaming().dropCollection(collectionId);
    await clearKeys(context, collectionId);
  } catch (caught) {
    const error = ElanusError.from(caught).text;
    context.logger.warn('a dropped collection is not cleared yet', { collectionId, error });
  }
}

async function clearKeys(context: CoordinatorContext, collectionId: number): Promise<void> {
  const segments = await context.store.readAll(segmentPrefix(collectionId));
  const checkpoints = await context.store.readAll(checkpointPrefix(collectionId));
  const keys = [...segments, ...checkpoints].map((entry) => entry.key);
  for (let at = 0; at < keys.length; at += DELETES_A_TXN) {
    await deleteKeys(context, keys.slice(at, at + DELETES_A_TXN));
  }
  await deleteKeys(context, [droppedKey(collectionId)]);
}

async function deleteKeys(context: CoordinatorContext, keys: readonly string[]): Promise<void> {
  await context.store.write(keys.map((key) => ({ key, expected: undefined, value: undefined })));
}
