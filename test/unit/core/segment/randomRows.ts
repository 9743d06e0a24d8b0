import type { Column, ColumnBatch } from '../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { FieldSchema } from '../../../../src/core/domain/schema.ts';
import { SeededRandom } from '../../../../src/plugins/memory/seededRandom.ts';
import { columnOfValues, type RowValue, valuesOf } from '../../../model/columnValues.ts';
import { field } from '../streaming/fields.ts';

const SCALARS = [
  DataType.Bool,
  DataType.Int8,
  DataType.Int16,
  DataType.Int32,
  DataType.Int64,
  DataType.Float,
  DataType.Double,
  DataType.VarChar,
  DataType.JSON,
] as const;

/** One field of every type, with and without nulls; arrays of every element type; vectors of `dim`. */
export function everyField(dim = 5): FieldSchema[] {
  const fields: FieldSchema[] = [];
  const add = (extra: Partial<FieldSchema> & Pick<FieldSchema, 'dataType'>) => {
    const fieldId = 100 + fields.length;
    fields.push({ ...field(`f${fieldId}`, extra.dataType, extra), fieldId });
  };
  add({ dataType: DataType.Int64, isPrimaryKey: true });
  add({ dataType: DataType.FloatVector, dim });
  for (const nullable of [false, true]) {
    for (const dataType of SCALARS) add({ dataType, nullable });
    for (const elementType of SCALARS.filter((type) => type !== DataType.JSON))
      add({ dataType: DataType.Array, elementType, nullable });
  }
  return fields;
}

export class RandomRows {
  readonly random: SeededRandom;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  int(max: number): number {
    return Math.floor(this.random.next() * max);
  }

  values(of: FieldSchema, rows: number): RowValue[] {
    return Array.from({ length: rows }, () =>
      of.nullable && this.int(3) === 0 ? null : this.#value(of.dataType, of),
    );
  }

  column(of: FieldSchema, rows: number): Column {
    return columnOfValues(of, this.values(of, rows));
  }

  batch(fields: readonly FieldSchema[], rows: number): ColumnBatch {
    return {
      rows,
      columns: fields.map((of) => ({ fieldId: of.fieldId, column: this.column(of, rows) })),
    };
  }

  #value(dataType: DataType, of: FieldSchema): RowValue {
    switch (dataType) {
      case DataType.Bool:
        return this.int(2);
      case DataType.Int8:
        return this.int(256) - 128;
      case DataType.Int16:
        return this.int(65_536) - 32_768;
      case DataType.Int32:
        return this.int(2 ** 32) - 2 ** 31;
      case DataType.Int64:
        return BigInt.asIntN(64, (BigInt(this.int(2 ** 32)) << 32n) | BigInt(this.int(2 ** 32)));
      case DataType.Float:
        return Math.fround(this.random.next() * 100 - 50);
      case DataType.Double:
        return this.random.next() * 1e6;
      case DataType.VarChar:
        return this.int(4) === 0 ? '' : 'ä€x'.repeat(this.int(9));
      case DataType.JSON:
        return JSON.stringify({ n: this.int(100), list: [1, 'ü'] });
      case DataType.Array:
        return Array.from({ length: this.int(5) }, () => this.#value(of.elementType!, of)) as never;
      case DataType.FloatVector:
        return Array.from({ length: of.dim }, () => Math.fround(this.random.next() - 0.5));
    }
  }
}

/** The rows of batches as values, by field. */
export function rowsOfBatches(
  fields: readonly FieldSchema[],
  batches: readonly ColumnBatch[],
): Map<number, RowValue[]> {
  return new Map(
    fields.map(({ fieldId }) => [
      fieldId,
      batches.flatMap((batch) =>
        valuesOf(batch.columns.find((entry) => entry.fieldId === fieldId)!.column).slice(0, batch.rows),
      ),
    ]),
  );
}
