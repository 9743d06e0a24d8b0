import type { CollectionInfo } from '../domain/catalog.ts';
import type { Column, FieldColumn } from '../domain/columns.ts';
import { invalid } from '../domain/errors.ts';
import type { CollectionSchema, FieldSchema } from '../domain/schema.ts';
import { primaryKeyField } from '../domain/schema.ts';
import type { IncomingFields } from './assembleBatch.ts';
import { assembleColumns, checkRowCount, matchFields } from './assembleBatch.ts';
import { autoKeys } from './autoKeys.ts';
import type { AccessDependencies } from './dependencies.ts';
import { partitionsToWrite } from './partitions.ts';
import type { InsertRequest, MutationReply } from './requests.ts';
import { routeRows } from './route.ts';
import { checkSchemaTimestamp, writeShards } from './writeShards.ts';

/** Checks everything, then writes. Errors: Invalid, NotFound, SchemaMismatch, and those of StreamingService.write. */
export async function insertRows(deps: AccessDependencies, request: InsertRequest): Promise<MutationReply> {
  const { rows } = request;
  const collection = await deps.coordinator.getCollection(request.databaseName, request.collectionName);
  checkSchemaTimestamp(collection, request.schemaTimestamp);
  checkRowCount(rows);
  const partitionIds = partitionsToWrite(collection, request.partitionName);
  const { schema } = collection;
  const incoming = matchFields(schema, request.fields);
  const generated = generatesKeys(collection, incoming);
  const columns = assembleColumns(schema, incoming, rows, (field) => generated && field.isPrimaryKey);
  if (generated) await addAutoKeys(deps, schema, columns, rows);
  const timestamp = await writeShards(
    deps,
    collection,
    routeRows(collection, columns, rows, partitionIds),
    undefined,
  );
  const keys = keyColumn(schema, columns);
  return { keys, rows, insertCount: rows, deleteCount: 0, upsertCount: 0, timestamp };
}

/** Whether this insert gets generated keys. Errors: Invalid when keys were sent that may not be. */
function generatesKeys({ schema, properties }: CollectionInfo, incoming: IncomingFields): boolean {
  const field = primaryKeyField(schema);
  if (!field.autoId) return false;
  if (!incoming.has(field.fieldId)) return true;
  const allowed =
    properties.find(({ key }) => key === 'allow_insert_auto_id')?.value.toLowerCase() === 'true';
  if (allowed) return false;
  throw invalid(`can not assign primary field data when auto id enabled, field: ${field.name}`);
}

/** Adds a column of new keys in the place the schema gives it. */
export async function addAutoKeys(
  { coordinator }: AccessDependencies,
  schema: CollectionSchema,
  columns: FieldColumn[],
  rows: number,
): Promise<void> {
  const field = primaryKeyField(schema);
  const column = autoKeys(field, await coordinator.allocRowIds(rows), rows);
  columns.splice(schema.fields.indexOf(field), 0, { fieldId: field.fieldId, column });
}

export function keyColumn(schema: CollectionSchema, columns: readonly FieldColumn[]): Column {
  const field: FieldSchema = primaryKeyField(schema);
  return columns.find(({ fieldId }) => fieldId === field.fieldId)!.column;
}
