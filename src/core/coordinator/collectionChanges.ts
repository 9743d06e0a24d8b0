import type { CollectionInfo } from '../domain/catalog.ts';
import type { GuardedChange } from './catalogStore.ts';
import { storedCollection } from './collectionCodec.ts';
import type { CollectionChange, CoordinatorContext } from './context.ts';
import { collectionLock } from './context.ts';
import { splitPages } from './documentPages.ts';
import { collectionPageKey } from './keys.ts';

export interface CollectionTarget {
  readonly requestId: string;
  readonly databaseName: string;
  readonly collection: string;
}

/**
 * One change of one collection: under its lock a guarded txn, then memory; then the streaming node applies it. A `change`
 * that returns its argument changes nothing. Resolves with the collection as it now is.
 */
export async function changeCollection(
  context: CoordinatorContext,
  operation: string,
  target: CollectionTarget,
  change: CollectionChange,
): Promise<CollectionInfo> {
  return context.requests.once(operation, target.requestId, async () => {
    await context.ready();
    const info = await lockCollection(context, target, async (current) => {
      const next = await change(current);
      if (next === current) return current;
      const changed = { ...next, revision: current.revision + 1 };
      await commitCollections(context, [changed]);
      return changed;
    });
    await apply(context, info);
    return info;
  });
}

/** Runs `task` while nothing else changes the collection that the name means. Error: NotFound. */
export async function lockCollection<Result>(
  context: CoordinatorContext,
  target: { readonly databaseName: string; readonly collection: string },
  task: (current: CollectionInfo) => Promise<Result>,
): Promise<Result> {
  for (;;) {
    const { collectionId } = context.catalog.collection(target.databaseName, target.collection).info;
    const outcome = await context.locks.run([collectionLock(collectionId)], async () => {
      const { info } = context.catalog.collection(target.databaseName, target.collection);
      // The name may mean another collection by now.
      return info.collectionId === collectionId ? { result: await task(info) } : undefined;
    });
    if (outcome !== undefined) return outcome.result;
  }
}

/** Writes the collections in one txn, then into memory. `others` are written with them. */
export async function commitCollections(
  context: CoordinatorContext,
  collections: readonly CollectionInfo[],
  others: readonly GuardedChange[] = [],
): Promise<void> {
  const changes: GuardedChange[] = [];
  const pages = collections.map((info) => {
    const entry = context.catalog.findById(info.collectionId);
    const parts = splitPages('collection', info.schema.name, storedCollection(info));
    parts.forEach((value, page) => {
      const expected = page === 0 ? (entry?.metaRevision ?? 0n) : undefined;
      changes.push({ key: collectionPageKey(info.collectionId, page), expected, value });
    });
    for (let page = parts.length; page < (entry?.pages ?? 0); page++) {
      changes.push({
        key: collectionPageKey(info.collectionId, page),
        expected: undefined,
        value: undefined,
      });
    }
    return parts.length;
  });
  const metaRevision = await context.store.write([...changes, ...others]);
  collections.forEach((info, i) => {
    context.catalog.put({ info, metaRevision, pages: pages[i]! });
  });
}

/** Brings the streaming node up to date with `info`, unless it is already, or unless no node runs: it will claim. */
export async function apply(context: CoordinatorContext, info: CollectionInfo): Promise<void> {
  if (!context.channels.isClaimed) return;
  if ((context.applied.get(info.collectionId) ?? 0) >= info.revision) return;
  const terms: Record<string, number> = {};
  for (const { pchannel } of info.vchannels) terms[pchannel] = context.channels.term(pchannel);
  await context.streaming().updateCollection(info, terms);
  noteApplied(context, info);
}

export function noteApplied(context: CoordinatorContext, info: CollectionInfo): void {
  if (context.catalog.findById(info.collectionId) === undefined) return; // dropped meanwhile
  const known = context.applied.get(info.collectionId) ?? 0;
  if (info.revision > known) context.applied.set(info.collectionId, info.revision);
}
