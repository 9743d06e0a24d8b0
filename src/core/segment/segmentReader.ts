import type { CollectionInfo, SegmentInfo } from '../domain/catalog.ts';
import type { ColumnBatch } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { fieldById, TIMESTAMP_FIELD_ID } from '../domain/schema.ts';
import { type FileDeps, loadColumnFile, TIMESTAMP_FIELD } from './segmentFiles.ts';

/** Fields of the schema that the segment's files hold. */
export function storedFields(collection: CollectionInfo, info: SegmentInfo): readonly FieldSchema[] {
  const stored = new Set([...info.scalars.fieldIds, ...info.vectors.flatMap((file) => file.fieldIds)]);
  return collection.schema.fields.filter((field) => stored.has(field.fieldId));
}

/** Fields that were added to the schema after the segment was written. */
export function missingFields(collection: CollectionInfo, info: SegmentInfo): readonly FieldSchema[] {
  const stored = storedFields(collection, info);
  return collection.schema.fields.filter((field) => !stored.includes(field));
}

/** All rows of a segment, timestamps included, batch by batch: its files agree in their batches. Error: Corrupt. */
export async function* readRows(
  files: FileDeps,
  collection: CollectionInfo,
  info: SegmentInfo,
): AsyncIterable<ColumnBatch> {
  const field = (fieldId: number) =>
    fieldId === TIMESTAMP_FIELD_ID ? TIMESTAMP_FIELD : fieldById(collection.schema, fieldId)!;
  const vectors = info.vectors.map((file) => loadColumnFile(files, file, field)[Symbol.asyncIterator]());
  for await (const scalars of loadColumnFile(files, info.scalars, field)) {
    const parts = await Promise.all(vectors.map((iterator) => iterator.next()));
    const columns = [...scalars.columns];
    for (const part of parts) {
      assert(!part.done && part.value.rows === scalars.rows, 'the files of a segment have the same batches');
      columns.push(...part.value.columns);
    }
    yield { rows: scalars.rows, columns };
  }
}
