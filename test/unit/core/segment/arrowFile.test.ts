import { tableFromIPC } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import type { ColumnFile } from '../../../../src/core/domain/catalog.ts';
import type { ColumnBatch } from '../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { FieldSchema } from '../../../../src/core/domain/schema.ts';
import { encodeColumnFile } from '../../../../src/core/segment/arrowFile.ts';
import { RowStore } from '../../../../src/core/segment/rowStore.ts';
import {
  type FileDeps,
  loadColumnFile,
  loadObject,
  storeColumnFile,
  storeObject,
} from '../../../../src/core/segment/segmentFiles.ts';
import { MemoryObjectStore } from '../../../../src/plugins/memory/memoryObjectStore.ts';
import { SharedArena } from '../../../../src/server/compute/sharedArena.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';
import type { RowValue } from '../../../model/columnValues.ts';
import { everyField, RandomRows, rowsOfBatches } from './randomRows.ts';

const KEY = 'segments/1/2/scalars.arrow';

function newDeps(): FileDeps {
  return {
    objectStore: new MemoryObjectStore(pluginDeps),
    crypto: pluginDeps.crypto,
    clock: pluginDeps.clock,
    arena: new SharedArena({ bytesMax: 2 ** 30 }),
  };
}

async function stored(
  deps: FileDeps,
  fields: readonly FieldSchema[],
  batches: readonly ColumnBatch[],
): Promise<ColumnFile> {
  return storeColumnFile(deps, KEY, fields, await encodeColumnFile(fields, batches));
}

async function loaded(
  deps: FileDeps,
  fields: readonly FieldSchema[],
  file: ColumnFile,
): Promise<ColumnBatch[]> {
  const batches: ColumnBatch[] = [];
  const field = (fieldId: number) => fields.find((candidate) => candidate.fieldId === fieldId)!;
  for await (const batch of loadColumnFile(deps, file, field)) batches.push(batch);
  return batches;
}

/** A value of Arrow's own reader as our model has it. */
function plain(value: unknown): RowValue {
  if (value === null || typeof value !== 'object')
    return typeof value === 'boolean' ? Number(value) : (value as RowValue);
  return Array.from(value as Iterable<unknown>, plain) as never;
}

describe('column files', () => {
  test.each([[[0]], [[1]], [[7, 8, 9]], [[100, 0, 33]]])(
    'of batches with %j rows are read by Arrow and by us',
    async (sizes) => {
      const fields = everyField();
      const random = new RandomRows(sizes.length);
      const batches = sizes.map((rows) => random.batch(fields, rows));
      const deps = newDeps();
      const file = await stored(deps, fields, batches);
      expect(deps.arena.stats().allocatedBytes).toBe(0);
      expect(file.bytes).toBe((await deps.objectStore.head(KEY)).bytes);
      const expected = rowsOfBatches(fields, batches);
      const table = tableFromIPC((await deps.objectStore.get(KEY)).content);
      expect(table.schema.metadata.get('elanus.format')).toBe('1');
      for (const { name, fieldId } of fields) {
        const column = table.getChild(name);
        expect(Array.from(column ?? [], plain)).toEqual(expected.get(fieldId));
      }
      expect(rowsOfBatches(fields, await loaded(deps, fields, file))).toEqual(expected);
    },
  );

  test('rows of a segment in memory, with padded vectors and columns longer than their rows', async () => {
    const fields = everyField(6);
    const deps = newDeps();
    const store = new RowStore(deps.arena, fields, () => undefined);
    const batch = new RandomRows(5).batch(fields, 75);
    store.append(batch);
    const columns = fields.map(({ fieldId }) => ({ fieldId, column: store.reader.column(0, fieldId) }));
    const file = await stored(deps, fields, [{ rows: 75, columns }]);
    const expected = rowsOfBatches(fields, [batch]);
    expect(rowsOfBatches(fields, await loaded(deps, fields, file))).toEqual(expected);
    const table = tableFromIPC((await deps.objectStore.get(KEY)).content);
    for (const { name, fieldId } of fields)
      expect(Array.from(table.getChild(name)!, plain)).toEqual(expected.get(fieldId));
  });

  test('a flipped bit is Corrupt, naming file and offset, or lies where nothing is read', async () => {
    const fields = everyField();
    const random = new RandomRows(6);
    const batches = [random.batch(fields, 20), random.batch(fields, 13)];
    const deps = newDeps();
    const file = await stored(deps, fields, batches);
    const { content } = await deps.objectStore.get(KEY);
    const expected = rowsOfBatches(fields, batches);
    const inBody = (at: number) =>
      file.batches.find(({ offset, bytes }) => at >= offset && at < offset + bytes);
    for (let round = 0; round < 100; round++) {
      const damaged = content.slice();
      const at = random.int(damaged.length);
      damaged[at]! ^= 1 << random.int(8);
      await deps.objectStore.put(KEY, damaged);
      const place = inBody(at);
      if (place === undefined) {
        expect(rowsOfBatches(fields, await loaded(deps, fields, file))).toEqual(expected);
      } else {
        await expect(loaded(deps, fields, file)).rejects.toMatchObject({
          kind: 'Corrupt',
          context: { file: KEY, offset: place.offset },
        });
      }
    }
  });

  test('a file that is short or missing is Corrupt; so are buffers that lie outside their batch', async () => {
    const fields = everyField();
    const deps = newDeps();
    const file = await stored(deps, fields, [new RandomRows(7).batch(fields, 20)]);
    const { content } = await deps.objectStore.get(KEY);
    const [place] = file.batches;
    const random = new RandomRows(8);
    for (let round = 0; round < 100; round++) {
      const buffers = [...place!.buffers];
      buffers[random.int(buffers.length)] = random.int(place!.bytes * 2);
      try {
        await loaded(deps, fields, { ...file, batches: [{ ...place!, buffers }] });
      } catch (error) {
        expect(ElanusError.from(error)).toMatchObject({ kind: 'Corrupt', context: { file: KEY } });
      }
    }
    await deps.objectStore.put(KEY, content.slice(0, place!.offset + place!.bytes - 1));
    await expect(loaded(deps, fields, file)).rejects.toMatchObject({
      kind: 'Corrupt',
      context: { file: KEY },
    });
    await deps.objectStore.delete(KEY);
    await expect(loaded(deps, fields, file)).rejects.toMatchObject({
      kind: 'Corrupt',
      context: { file: KEY },
    });
  });

  test('objects are verified as a whole', async () => {
    const deps = newDeps();
    const bytes = Uint8Array.from({ length: 5_000_000 }, (_, i) => i * 7);
    const file = await storeObject(deps, 'segments/1/2/index-3.bin', bytes);
    expect(await loadObject(deps, file)).toEqual(bytes);
    bytes[4_999_999]! ^= 1;
    await deps.objectStore.put(file.key, bytes);
    await expect(loadObject(deps, file)).rejects.toMatchObject({
      kind: 'Corrupt',
      context: { file: file.key, offset: 0 },
    });
  });

  test('a file is stored although shared memory is full', async () => {
    const fields = everyField().filter(({ dataType }) => dataType !== DataType.JSON);
    const batches = [new RandomRows(9).batch(fields, 500)];
    const deps = { ...newDeps(), arena: new SharedArena({ bytesMax: 1_000 }) };
    const file = await stored(deps, fields, batches);
    expect(rowsOfBatches(fields, await loaded(deps, fields, file))).toEqual(rowsOfBatches(fields, batches));
  });
});
