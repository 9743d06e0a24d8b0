import type { DatabaseInfo } from '../domain/catalog.ts';
import { DEFAULT_DATABASE } from '../domain/catalog.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import type { KeyValue } from '../domain/schema.ts';
import { storedDatabase } from './collectionCodec.ts';
import type { CoordinatorContext } from './context.ts';
import { databaseLock } from './context.ts';
import { encodeJson } from './documentPages.ts';
import { databaseKey } from './keys.ts';
import { checkName } from './names.ts';
import { alteredProperties, checkDatabaseProperties, sameProperties } from './propertyRules.ts';
import type { DatabaseAlteration } from './service.ts';

export async function createDatabase(
  context: CoordinatorContext,
  request: { requestId: string; name: string; properties: readonly KeyValue[] },
): Promise<DatabaseInfo> {
  checkName('database', request.name);
  checkDatabaseProperties(request.properties);
  return context.requests.once('createDatabase', request.requestId, async () => {
    await context.ready();
    return context.locks.run(['databases', databaseLock(request.name)], async () => {
      if (context.catalog.findDatabase(request.name) !== undefined) {
        throw new ElanusError('AlreadyExists', 'database already exist', {
          subject: 'database',
          context: { database: request.name },
        });
      }
      if (context.catalog.databaseCount >= context.settings.databasesMax) {
        throw new ElanusError('Exhausted', 'exceeded the limit number of database', {
          subject: 'database',
          context: { limit: context.settings.databasesMax },
        });
      }
      return makeDatabase(context, request.name, request.properties);
    });
  });
}

/** Writes a database whose name is known to be free. */
export async function makeDatabase(
  context: CoordinatorContext,
  name: string,
  properties: readonly KeyValue[],
): Promise<DatabaseInfo> {
  const databaseId = Number(await context.ids.allocate(1));
  const createdTs = await context.timestamps.allocate(1);
  const info: DatabaseInfo = { databaseId, name, properties, createdTs };
  await writeDatabase(context, info, 0n);
  return info;
}

/** A missing database is a success; one with collections is not dropped. */
export async function dropDatabase(
  context: CoordinatorContext,
  request: { requestId: string; name: string },
): Promise<void> {
  if (request.name === DEFAULT_DATABASE) {
    throw invalid('can not drop default database', { database: request.name });
  }
  await context.requests.once('dropDatabase', request.requestId, async () => {
    await context.ready();
    await context.locks.run([databaseLock(request.name)], async () => {
      const entry = context.catalog.findDatabase(request.name);
      if (entry === undefined) return;
      if (entry.collections > 0) {
        throw new ElanusError(
          'Conflict',
          `database:${request.name} not empty, must drop all collections before`,
          {
            subject: 'database',
            context: { collections: entry.collections },
          },
        );
      }
      const key = databaseKey(entry.info.databaseId);
      await context.store.write([{ key, expected: entry.metaRevision, value: undefined }]);
      context.catalog.removeDatabase(request.name);
    });
  });
}

export async function alterDatabase(
  context: CoordinatorContext,
  request: DatabaseAlteration,
): Promise<DatabaseInfo> {
  return context.requests.once('alterDatabase', request.requestId, async () => {
    await context.ready();
    return context.locks.run([databaseLock(request.name)], async () => {
      const { info, metaRevision } = context.catalog.database(request.name);
      const properties = alteredProperties(info.properties, request.set, request.deleteKeys);
      checkDatabaseProperties(request.set);
      if (sameProperties(properties, info.properties)) return info;
      const changed = { ...info, properties };
      await writeDatabase(context, changed, metaRevision);
      return changed;
    });
  });
}

async function writeDatabase(
  context: CoordinatorContext,
  info: DatabaseInfo,
  expected: bigint,
): Promise<void> {
  const value = encodeJson(storedDatabase(info));
  const revision = await context.store.write([{ key: databaseKey(info.databaseId), expected, value }]);
  context.catalog.putDatabase(info, revision);
}
