import { expect, test } from 'vitest';
import { type Roles, Storage, startRoles } from '../../../harness/roles.ts';
import { Things, things, turns } from '../../../harness/things.ts';

/** One store of `other` in place of its own. */
function mixed(own: Storage, other: Storage, stores: Partial<Record<'objects' | 'wal', true>>): Storage {
  const storage = new Storage();
  return Object.assign(storage, {
    meta: own.meta,
    objects: stores.objects ? other.objects : own.objects,
    wal: stores.wal ? other.wal : own.wal,
  });
}

/** Storage in which a cluster keeps one flushed segment and one row that is only in its log. */
async function served(): Promise<{ storage: Storage; roles: Roles; collection: Things }> {
  const storage = new Storage();
  const roles = await startRoles(storage);
  const collection = await Things.create(roles, { name: 'mine' });
  await collection.put(things(0, 10, 'x'));
  await collection.flush();
  await turns(30);
  await collection.put(things(10, 11, 'y'));
  return { storage, roles, collection };
}

async function refusalOf(starting: Promise<Roles>): Promise<string> {
  const error = await starting.then(
    () => undefined,
    (caught: unknown) => caught as { kind: string; text: string },
  );
  return `${error?.kind}: ${error?.text}`;
}

async function countAfterRestart(storage: Storage): Promise<number> {
  const roles = await startRoles(storage);
  const collection = await Things.reopen(roles, 'mine');
  return (await collection.search(Array(4).fill(0), 1_000)).length;
}

test('a new catalogue on the objects of another cluster → Conflict at start, and nothing is deleted', async () => {
  const { storage } = await served();
  const before = (await storage.objects.list('segments/')).map(({ key }) => key);
  expect(before.length).toBeGreaterThan(0);
  const start = startRoles(mixed(new Storage(), storage, { objects: true }));
  expect(await refusalOf(start)).toContain('Conflict: objectStore belongs to another cluster');
  expect((await storage.objects.list('segments/')).map(({ key }) => key)).toEqual(before);
  expect(await countAfterRestart(storage)).toBe(11);
});

test('a new catalogue on the log of another cluster → refused at start, and nothing is lost', async () => {
  const { storage } = await served();
  const start = startRoles(mixed(new Storage(), storage, { wal: true }));
  expect(await refusalOf(start)).toContain('Conflict: wal belongs to another cluster');
  expect(await countAfterRestart(storage)).toBe(11);
});

test('a catalogue with higher terms on the log of another cluster → refused before it takes the log over', async () => {
  const { storage } = await served();
  const other = await served();
  for (let i = 0; i < 5; i++) await startRoles(other.storage);
  const start = startRoles(mixed(other.storage, storage, { wal: true }));
  expect(await refusalOf(start)).toContain('Conflict: wal belongs to another cluster');
  expect(await countAfterRestart(storage)).toBe(11);
  expect(await countAfterRestart(other.storage)).toBe(11);
});

test('a catalogue on an empty bucket or log that is not its own → Conflict; on its own again → every row', async () => {
  const { storage } = await served();
  const withoutObjects = mixed(storage, new Storage(), { objects: true });
  expect(await refusalOf(startRoles(withoutObjects))).toContain(
    'Conflict: objectStore is not the one that the catalogue was written with',
  );
  const withoutLog = mixed(storage, new Storage(), { wal: true });
  expect(await refusalOf(startRoles(withoutLog))).toContain(
    'Conflict: wal is not the log that the catalogue was written with',
  );
  expect(await countAfterRestart(storage)).toBe(11);
});

test('every collection dropped, then a restart → starts', async () => {
  const { storage, collection } = await served();
  await collection.drop();
  const roles = await startRoles(storage);
  await Things.create(roles, { name: 'mine' });
  expect(await countAfterRestart(storage)).toBe(0);
});

test('a catalogue from before there were ids takes its stores for its own', async () => {
  const { storage } = await served();
  await storage.objects.delete('cluster');
  expect(await countAfterRestart(storage)).toBe(11);
  expect(await storage.objects.get('cluster')).toBeDefined();
});
