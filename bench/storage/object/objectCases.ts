import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { closedLoop, type Slice } from '../closedLoop.ts';
import { compare, type Sides } from '../comparison.ts';
import type { Extent } from '../extent.ts';
import { type Row, rowsOf } from '../row.ts';
import { StampedBytes } from '../stampedBytes.ts';
import { deleteAll } from './deleteAll.ts';
import type { BareObjects } from './objectPlace.ts';

export interface Stores {
  readonly store: ObjectStore;
  readonly bare: BareObjects;
}

const SIZES = [
  { name: '4 KB', bytes: 4_096 },
  { name: '1 MB', bytes: 1_000_000 },
  { name: '16 MB', bytes: 16_000_000 },
] as const;
const LARGE_BYTES_MIN = 1_000_000;
const IN_FLIGHT = [1, 16] as const;
/** Objects that are read in turns. */
const READ_OBJECTS = 16;
const RANGE = { name: '64 KB', bytes: 65_536, offset: 1_000_003 } as const;
const LISTED = 1_000;
/** Objects that are read back after a case of writes. */
const CHECKED_MAX = 64;

/** Every case on one server: puts, gets, ranges, conditional puts, a list. */
export async function objectRows(stores: Stores, extent: Extent): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) {
    rows.push(...(await writeRows(stores, 'put', size, extent)));
    rows.push(...(await readRows(stores, size, extent)));
  }
  rows.push(...(await writeRows(stores, 'putIfAbsent', SIZES[0], extent)));
  rows.push(...(await listRows(stores, extent)));
  return rows;
}

async function writeRows(
  { store, bare }: Stores,
  call: 'put' | 'putIfAbsent',
  { name, bytes }: (typeof SIZES)[number],
  extent: Extent,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const payload = new StampedBytes(bytes);
  for (const inFlight of IN_FLIGHT) {
    const slots = Array.from({ length: inFlight }, () => payload.make());
    const folder = `${call}-${bytes}-${inFlight}`;
    const written = { adapter: 0, bare: 0 };
    const side = (of: keyof Sides, to: Pick<BareObjects, 'put' | 'putIfAbsent'>) => (durationMs: number) =>
      closedLoop(inFlight, durationMs, async (slot) => {
        const number = written[of]++;
        await to[call](`${of}-${folder}/${number}`, payload.stamp(slots[slot]!, inFlight, number));
        return bytes;
      });
    const sides = { adapter: side('adapter', store), bare: side('bare', bare) };
    const comparison = await compare(sides, extent.rounds, sliceMs(bytes, extent));
    const step = Math.ceil(written.adapter / CHECKED_MAX);
    for (let number = 0; number < written.adapter; number += step) {
      payload.check((await store.get(`adapter-${folder}/${number}`)).content, inFlight, number);
    }
    await deleteAll(store, (number) => `adapter-${folder}/${number}`, written.adapter);
    await deleteAll(bare, (number) => `bare-${folder}/${number}`, written.bare);
    const rate = bytes >= LARGE_BYTES_MIN ? 'MB/s' : 'calls/s';
    rows.push(...rowsOf(`${call} of ${name}, ${inFlight} in flight`, comparison, { rate }));
  }
  return rows;
}

/** Whole objects, and of the largest ones ranges too. Everything the adapter gives is compared with what was written. */
async function readRows(
  stores: Stores,
  { name, bytes }: (typeof SIZES)[number],
  extent: Extent,
): Promise<readonly Row[]> {
  const { store, bare } = stores;
  const payload = new StampedBytes(bytes);
  const keyOf = (of: string, number: number): string => `${of}-get-${bytes}/${number}`;
  for (let number = 0; number < READ_OBJECTS; number++) {
    const content = payload.stamp(payload.make(), bytes, number);
    await store.put(keyOf('adapter', number), content);
    await bare.put(keyOf('bare', number), content);
  }
  const rate = bytes >= LARGE_BYTES_MIN ? 'MB/s' : 'calls/s';
  const rows: Row[] = [];
  for (const inFlight of IN_FLIGHT) {
    const comparison = await compare(
      {
        adapter: reads(
          inFlight,
          async (number) => (await store.get(keyOf('adapter', number))).content.length,
        ),
        bare: reads(inFlight, async (number) => (await bare.get(keyOf('bare', number))).length),
      },
      extent.rounds,
      sliceMs(bytes, extent),
    );
    rows.push(...rowsOf(`get of ${name}, ${inFlight} in flight`, comparison, { rate }));
  }
  for (let number = 0; number < READ_OBJECTS; number++)
    payload.check((await store.get(keyOf('adapter', number))).content, bytes, number);
  if (bytes === SIZES[2].bytes) rows.push(...(await rangeRows(stores, keyOf, payload, extent)));
  await deleteAll(store, (number) => keyOf('adapter', number), READ_OBJECTS);
  await deleteAll(bare, (number) => keyOf('bare', number), READ_OBJECTS);
  return rows;
}

async function rangeRows(
  { store, bare }: Stores,
  keyOf: (of: string, number: number) => string,
  payload: StampedBytes,
  { rounds, smallSliceMs }: Extent,
): Promise<readonly Row[]> {
  const { name, bytes, offset } = RANGE;
  const rows: Row[] = [];
  const expected = payload.make().subarray(offset, offset + bytes);
  for (const inFlight of IN_FLIGHT) {
    const comparison = await compare(
      {
        adapter: reads(inFlight, async (number) => {
          const into = Buffer.allocUnsafe(bytes);
          await store.getRange(keyOf('adapter', number), offset, bytes, into);
          if (!into.equals(expected)) throw new Error(`a range of object ${number} came back as another one`);
          return bytes;
        }),
        bare: reads(inFlight, async (number) => {
          const got = await bare.getRange(keyOf('bare', number), offset, bytes);
          if (!expected.equals(got)) throw new Error(`a range of object ${number} came back as another one`);
          return bytes;
        }),
      },
      rounds,
      smallSliceMs,
    );
    rows.push(...rowsOf(`${name} of 16 MB, ${inFlight} in flight`, comparison, { rate: 'calls/s' }));
  }
  return rows;
}

async function listRows({ store, bare }: Stores, { rounds, smallSliceMs }: Extent): Promise<readonly Row[]> {
  const payload = new StampedBytes(64);
  const prefix = 'listed/';
  const key = (number: number): string => `${prefix}${String(number).padStart(4, '0')}`;
  let next = 0;
  const fill = async (): Promise<void> => {
    for (let number = next++; number < LISTED; number = next++) {
      const content = payload.make();
      await store.put(key(number), content);
      await bare.put(`bare-${key(number)}`, content);
    }
  };
  await Promise.all(Array.from({ length: 16 }, fill));
  const expected = Array.from({ length: LISTED }, (_, number) => key(number)).join();
  const comparison = await compare(
    {
      adapter: reads(1, async () => {
        const found = await store.list(prefix);
        if (found.map((info) => info.key).join() !== expected)
          throw new Error('a list is not that of the keys');
        return 0;
      }),
      bare: reads(1, async () => {
        const found = await bare.list(`bare-${prefix}`);
        if (found !== LISTED) throw new Error(`the bare list has ${found} of ${LISTED} objects`);
        return 0;
      }),
    },
    rounds,
    smallSliceMs,
  );
  return rowsOf('list of 1,000', comparison, { rate: 'calls/s' });
}

/** `read` resolves with the bytes it got of one of the objects. */
function reads(inFlight: number, read: (number: number) => Promise<number>) {
  let next = 0;
  return (durationMs: number): Promise<Slice> =>
    closedLoop(inFlight, durationMs, () => read(next++ % READ_OBJECTS));
}

function sliceMs(bytes: number, { smallSliceMs, largeSliceMs }: Extent): number {
  return bytes >= LARGE_BYTES_MIN ? largeSliceMs : smallSliceMs;
}
