import type { CollectionInfo, SegmentInfo } from '../domain/catalog.ts';
import type { ColumnBatch, FieldColumn } from '../domain/columns.ts';
import { DataType } from '../domain/dataTypes.ts';
import { fieldById } from '../domain/schema.ts';
import { encodeColumnFile } from './arrowFile.ts';
import type { LocalSegment } from './localSegment.ts';
import type { RowTimestamps } from './rowTimestamps.ts';
import { type FileDeps, segmentKey, storeColumnFile, TIMESTAMP_FIELD } from './segmentFiles.ts';

/** Writes the rows of a sealed segment as column files, one for the scalars and one a vector field. */
export async function storeRows(
  deps: FileDeps,
  collection: CollectionInfo,
  segmentId: number,
  local: LocalSegment,
  timestamps: RowTimestamps,
): Promise<Pick<SegmentInfo, 'scalars' | 'vectors' | 'rows' | 'minTs' | 'maxTs'>> {
  const fields = local.fieldIds.map((fieldId) => fieldById(collection.schema, fieldId)!);
  const scalarFields = fields.filter((field) => field.dim === 0);
  const timestampColumn = timestamps.toColumn();
  const scalarBatches = batchesOf(
    local,
    scalarFields.map((field) => field.fieldId),
    (first, rows) => ({
      fieldId: TIMESTAMP_FIELD.fieldId,
      column: {
        kind: 'fixed',
        dataType: DataType.Int64,
        rows,
        values: timestampColumn.subarray(first, first + rows),
        validity: undefined,
      },
    }),
  );
  const allScalars = [...scalarFields, TIMESTAMP_FIELD];
  const key = (name: string) => segmentKey(collection.collectionId, segmentId, name);
  const scalars = await storeColumnFile(
    deps,
    key('scalars.arrow'),
    allScalars,
    await encodeColumnFile(allScalars, scalarBatches),
  );
  const vectors = [];
  for (const field of fields.filter((candidate) => candidate.dim > 0)) {
    const file = await encodeColumnFile([field], batchesOf(local, [field.fieldId]));
    vectors.push(await storeColumnFile(deps, key(`vector-${field.fieldId}.arrow`), [field], file));
  }
  return { scalars, vectors, rows: timestamps.rows, minTs: timestamps.first, maxTs: timestamps.last };
}

function batchesOf(
  local: LocalSegment,
  fieldIds: readonly number[],
  extra?: (first: number, rows: number) => FieldColumn,
): ColumnBatch[] {
  const batches: ColumnBatch[] = [];
  const { chunkRows, rows, reader } = local.store;
  for (let first = 0, chunk = 0; first < rows; first += chunkRows, chunk++) {
    const count = Math.min(chunkRows, rows - first);
    const columns: FieldColumn[] = fieldIds.map((fieldId) => ({
      fieldId,
      column: reader.column(chunk, fieldId),
    }));
    if (extra !== undefined) columns.push(extra(first, count));
    batches.push({ rows: count, columns });
  }
  return batches;
}
