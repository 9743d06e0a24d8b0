import { describe, expect, test } from 'vitest';
import type { ColumnBatch } from '../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { FieldSchema } from '../../../../src/core/domain/schema.ts';
import type { ArenaRef } from '../../../../src/core/ports/arena.ts';
import { gatherColumn } from '../../../../src/core/segment/gather.ts';
import { strideBytesOf } from '../../../../src/core/segment/layout.ts';
import { RowStore } from '../../../../src/core/segment/rowStore.ts';
import { SharedArena } from '../../../../src/server/compute/sharedArena.ts';
import { type RowValue, valuesOf } from '../../../model/columnValues.ts';
import { field } from '../streaming/fields.ts';
import { everyField, RandomRows, rowsOfBatches } from './randomRows.ts';

/** Ranges that were retired are freed at once, or when the test says so. */
class Memory {
  readonly arena: SharedArena;
  readonly retired: ArenaRef[] = [];

  constructor(bytesMax = 2 ** 30) {
    this.arena = new SharedArena({ bytesMax });
  }

  store(fields: readonly FieldSchema[]): RowStore {
    return new RowStore(this.arena, fields, (ref) => this.retired.push(ref));
  }

  freeRetired(): void {
    for (const ref of this.retired.splice(0)) this.arena.free(ref);
  }

  get allocatedBytes(): number {
    return this.arena.stats().allocatedBytes;
  }
}

/** All rows of a store, through its own reader. */
function rowsOf(store: RowStore, fields: readonly FieldSchema[]): Map<number, RowValue[]> {
  const values = new Map<number, RowValue[]>(fields.map(({ fieldId }) => [fieldId, []]));
  for (let first = 0, chunk = 0; first < store.rows; first += store.chunkRows, chunk++) {
    const rows = Uint32Array.from({ length: Math.min(store.chunkRows, store.rows - first) }, (_, i) => i);
    for (const { fieldId } of fields) {
      const column = gatherColumn([store.reader.column(chunk, fieldId)], { sources: undefined, rows });
      values.get(fieldId)!.push(...valuesOf(column));
    }
  }
  return values;
}

const VECTOR: FieldSchema = { ...field('v', DataType.FloatVector, { dim: 1_023 }), fieldId: 101 };
const TEXT: FieldSchema = { ...field('t', DataType.VarChar, { nullable: true }), fieldId: 102 };

describe('row store', () => {
  test('shows the rows of every type, whatever the batches, as it grows', () => {
    const fields = everyField();
    for (let seed = 1; seed <= 6; seed++) {
      const random = new RandomRows(seed);
      const memory = new Memory();
      const store = memory.store(fields);
      const batches: ColumnBatch[] = [];
      while (store.rows < 700) {
        const batch = random.batch(fields, 1 + random.int(seed * 40));
        if (random.int(2) === 0) store.promise(batch);
        store.append(batch);
        batches.push(batch);
        if (random.int(3) === 0) memory.freeRetired();
      }
      expect(rowsOf(store, fields)).toEqual(rowsOfBatches(fields, batches));
      store.free();
      memory.freeRetired();
      expect(memory.allocatedBytes).toBe(0);
    }
  });

  test('goes over many chunks; vectors are padded, and kernels find every chunk', () => {
    const fields = [VECTOR, TEXT];
    const memory = new Memory();
    const store = memory.store(fields);
    const random = new RandomRows(7);
    const batches: ColumnBatch[] = [];
    for (const rows of [1, 1_000, 63, 900, 1_300, 1]) {
      const batch = random.batch(fields, rows);
      store.append(batch);
      batches.push(batch);
    }
    expect(store.rows).toBeGreaterThan(3 * store.chunkRows);
    expect(rowsOf(store, fields)).toEqual(rowsOfBatches(fields, batches));
    const vectors = store.reader.vectorRows(VECTOR.fieldId, store.rows);
    expect(vectors.strideBytes).toBe(strideBytesOf(1_023));
    const table = new Uint32Array(
      memory.arena.buffer(vectors.arena),
      vectors.chunkTableOffset,
      vectors.chunkOffsets.length,
    );
    expect([...table]).toEqual(vectors.chunkOffsets);
    const padding = vectors.chunkOffsets.map(
      (offset) => new Float32Array(memory.arena.buffer(vectors.arena), offset, 1_024)[1_023],
    );
    expect(new Set(padding)).toEqual(new Set([0]));
    store.free();
    memory.freeRetired();
    expect(memory.allocatedBytes).toBe(0);
  });

  test('an old layout shows the rows it had until its ranges are freed', () => {
    const fields = everyField();
    const random = new RandomRows(8);
    const memory = new Memory();
    const store = memory.store(fields);
    const first = random.batch(fields, 60);
    store.append(first);
    const { reader } = store;
    for (let i = 0; i < 5; i++) store.append(random.batch(fields, 200));
    expect(store.reader).not.toBe(reader);
    const rows = Uint32Array.from({ length: 60 }, (_, i) => i);
    const seen = fields.map(({ fieldId }) =>
      valuesOf(gatherColumn([reader.column(0, fieldId)], { sources: undefined, rows })),
    );
    expect(seen).toEqual([...rowsOfBatches(fields, [first]).values()]);
  });

  test('what was promised is appended without memory, also several batches later', () => {
    const fields = everyField();
    for (let seed = 20; seed < 26; seed++) {
      const random = new RandomRows(seed);
      const memory = new Memory();
      const store = memory.store(fields);
      const all: ColumnBatch[] = [];
      for (let round = 0; round < 8; round++) {
        const batches = Array.from({ length: 1 + random.int(5) }, () =>
          random.batch(fields, 1 + random.int(120)),
        );
        for (const batch of batches) store.promise(batch);
        memory.freeRetired();
        const before = memory.allocatedBytes;
        for (const batch of batches) store.append(batch);
        expect(memory.allocatedBytes).toBe(before);
        expect(memory.retired).toEqual([]);
        all.push(...batches);
      }
      expect(rowsOf(store, fields)).toEqual(rowsOfBatches(fields, all));
    }
  });

  test('too little memory → Exhausted, whichever range it is that is missing, and the rows are as before', () => {
    const fields = everyField(40);
    const random = new RandomRows(9);
    const start = random.batch(fields, 64);
    const more = random.batch(fields, 900);
    const enough = new Memory();
    const whole = enough.store(fields);
    whole.append(start);
    const startBytes = enough.allocatedBytes;
    whole.promise(more);
    const neededBytes = enough.allocatedBytes;
    let refused = 0;
    for (let bytesMax = startBytes + 2_000; bytesMax < neededBytes + 2_000; bytesMax += 3_000) {
      const memory = new Memory(bytesMax);
      const store = memory.store(fields);
      store.append(start);
      try {
        store.promise(more);
        continue;
      } catch (error) {
        expect(error).toMatchObject({ kind: 'Exhausted', context: { resource: 'memory' } });
        refused++;
      }
      expect(rowsOf(store, fields)).toEqual(rowsOfBatches(fields, [start]));
      const vectors = store.reader.vectorRows(fields[1]!.fieldId, 64);
      expect(1 << vectors.chunkRowsLog2).toBe(store.chunkRows);
      store.free();
      memory.freeRetired();
      expect(memory.allocatedBytes).toBe(0);
    }
    expect(refused).toBeGreaterThan(20);
  });

  test('fields that were added show their default or null in every row', () => {
    const fields = [VECTOR];
    const memory = new Memory();
    const store = memory.store(fields);
    store.append(new RandomRows(1).batch(fields, 100));
    const added = everyField().slice(2);
    const withDefault: FieldSchema = {
      ...field('d', DataType.VarChar, { nullable: true, defaultValue: 'ja' }),
      fieldId: 999,
    };
    store.setMissing([...added, withDefault]);
    for (const each of added.filter(({ nullable }) => nullable))
      expect(valuesOf(store.reader.column(0, each.fieldId)).slice(0, 100)).toEqual(Array(100).fill(null));
    expect(valuesOf(store.reader.column(0, 999)).slice(0, 100)).toEqual(Array(100).fill('ja'));
  });
});
