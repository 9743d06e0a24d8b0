import { expect, test } from 'vitest';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { Wal } from '../../../../src/core/ports/wal.ts';
import { MemoryWal } from '../../../../src/plugins/memory/memoryWal.ts';
import { Storage, startRoles, storesOf } from '../../../harness/roles.ts';
import { Things, things, turns } from '../../../harness/things.ts';

type Outcome = 'written' | 'lost';

/** A log whose appends get no answer while `outcome` is set, and which cannot be opened while `isAway`. */
class Faults {
  outcome: Outcome | undefined;
  isAway = false;
  opens = 0;

  over(wal: Wal): Wal {
    const open: Wal['open'] = async (channel, term, signal) => {
      this.opens++;
      if (this.isAway) throw new ElanusError('Unavailable', 'nobody answers');
      const inner = await wal.open(channel, term, signal);
      const append = async (record: Uint8Array) => {
        const { outcome } = this;
        const position = outcome === 'lost' ? undefined : await inner.append(record);
        if (outcome !== undefined || position === undefined)
          throw new ElanusError('Unknown', 'no answer came');
        return position;
      };
      return { channel, term, append, close: () => inner.close() };
    };
    return {
      recordBytesMax: wal.recordBytesMax,
      open,
      read: (channel, from, options) => wal.read(channel, from, options),
      tail: (channel, from, signal) => wal.tail(channel, from, signal),
      truncate: (channel, upTo) => wal.truncate(channel, upTo),
      info: (channel) => wal.info(channel),
      close: () => wal.close(),
    };
  }
}

async function world() {
  const storage = new Storage();
  const faults = new Faults();
  const stores = { ...storesOf(storage), wal: faults.over(new MemoryWal(storage.wal)) };
  const roles = await startRoles(storage, { stores });
  return { storage, faults, roles };
}

/** Puts until the channel takes it. Other refusals than the one of a dead channel are thrown. */
async function putAgain(collection: Things, rows: Parameters<Things['put']>[0]): Promise<void> {
  for (;;) {
    try {
      await collection.put(rows);
      return;
    } catch (caught) {
      if (ElanusError.from(caught).kind !== 'Unavailable') throw caught;
      await turns(5);
    }
  }
}

test.each([
  ['written', 30],
  ['lost', 20],
] as const)(
  'an append without an answer that was %s → without a restart: %i rows at the end',
  async (outcome, rows) => {
    const { storage, faults, roles } = await world();
    const collection = await Things.create(roles);
    await collection.put(things(0, 10, 'a'));
    faults.outcome = outcome;
    faults.isAway = true;
    const opens = faults.opens;
    const writes = [collection.put(things(10, 15, 'b')), collection.put(things(15, 20, 'b'))];
    for (const { status } of await Promise.allSettled(writes)) expect(status).toBe('rejected');
    faults.outcome = undefined;
    await expect(collection.put(things(40, 41, 'refused'))).rejects.toMatchObject({ kind: 'Unavailable' });
    expect((await collection.rows()).size).toBe(10);
    while (faults.opens < opens + 2) await new Promise((resolve) => setTimeout(resolve, 10));
    faults.isAway = false;
    await putAgain(collection, things(20, 30, 'c'));
    const expected = await collection.rows();
    expect(expected.size).toBe(rows);
    await collection.flush();
    await turns(50);
    expect(await collection.rows()).toEqual(expected);
    storage.wal.crash();
    const again = await Things.reopen(await startRoles(storage));
    expect(await again.rows()).toEqual(expected);
  },
);

test('a flush without an answer that was written seals after all, and upserts around it win as they were sent', async () => {
  const { storage, faults, roles } = await world();
  const collection = await Things.create(roles);
  await collection.put(things(0, 10, 'a'));
  faults.outcome = 'written';
  await expect(collection.flush()).rejects.toMatchObject({ kind: 'Unknown' });
  faults.outcome = undefined;
  await putAgain(collection, things(5, 15, 'b'));
  while ((await collection.states()).segments[0]?.state !== 'Flushed') await turns(10);
  const rows = await collection.rows();
  expect(rows.size).toBe(15);
  expect(rows.get(7)).toBe('b');
  storage.wal.crash();
  expect(await (await Things.reopen(await startRoles(storage))).rows()).toEqual(rows);
});

test('a channel that another server took over stays fenced', async () => {
  const { storage, faults, roles } = await world();
  const collection = await Things.create(roles);
  const other = await Things.reopen(await startRoles(storage));
  faults.outcome = 'lost';
  await expect(collection.put(things(0, 1, 'a'))).rejects.toMatchObject({ kind: 'Unknown' });
  faults.outcome = undefined;
  await turns(50);
  await expect(collection.put(things(0, 1, 'a'))).rejects.toBeInstanceOf(ElanusError);
  await other.put(things(1, 2, 'b'));
  expect([...(await other.rows()).keys()]).toEqual([1]);
});

test('a stop while nobody answers ends', async () => {
  const { faults, roles } = await world();
  const collection = await Things.create(roles);
  faults.isAway = true;
  faults.outcome = 'lost';
  await expect(collection.put(things(0, 1, 'a'))).rejects.toMatchObject({ kind: 'Unknown' });
  const opens = faults.opens;
  while (faults.opens === opens) await turns(1);
  await roles.streaming.stop();
});
