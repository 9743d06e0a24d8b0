import { DEFAULT_DATABASE } from '../domain/catalog.ts';
import { ElanusError } from '../domain/errors.ts';
import type { MetaEntry } from '../ports/metaStore.ts';
import { collectionOf, databaseOf } from './collectionCodec.ts';
import type { CoordinatorContext } from './context.ts';
import { makeDatabase } from './databases.ts';
import { decodeJson, joinPages, pagesByDocument } from './documentPages.ts';
import { COLLECTION_PREFIX, DATABASE_PREFIX } from './keys.ts';

/** Reads the whole catalogue into memory, in place of what is there. Errors: Corrupt, those of the meta store. */
export async function readCatalog(context: CoordinatorContext): Promise<void> {
  const { databases, collections } = await readEntries(context);
  // From here on nothing waits, so nobody sees a half.
  context.catalog.clear();
  const names = new Map<number, string>();
  for (const { key, value, revision } of databases) {
    const info = databaseOf(decodeJson(key, value));
    names.set(info.databaseId, info.name);
    context.catalog.putDatabase(info, revision);
  }
  for (const pages of pagesByDocument(collections)) readCollection(context, names, pages);
}

/** Databases and collections as of one moment: a write that ended meanwhile is in memory and must not be undone there. */
async function readEntries(context: CoordinatorContext) {
  for (;;) {
    const writes = context.store.writesDone;
    const databases = await context.store.readAll(DATABASE_PREFIX);
    const collections = await context.store.readAll(COLLECTION_PREFIX);
    await context.channels.recover();
    if (context.store.writesDone === writes) return { databases, collections };
  }
}

export async function ensureDefaultDatabase(context: CoordinatorContext): Promise<void> {
  if (context.catalog.findDatabase(DEFAULT_DATABASE) !== undefined) return;
  await makeDatabase(context, DEFAULT_DATABASE, []);
}

function readCollection(
  context: CoordinatorContext,
  databaseNames: ReadonlyMap<number, string>,
  pages: readonly MetaEntry[],
): void {
  const { key, revision } = pages[0]!;
  const value = joinPages(pages);
  const info = collectionOf(value, (databaseId) => {
    const name = databaseNames.get(databaseId);
    if (name !== undefined) return name;
    throw new ElanusError('Corrupt', 'a collection names a database that is not there', {
      context: { key, databaseId },
    });
  });
  context.catalog.put({ info, metaRevision: revision, pages: pages.length });
}
