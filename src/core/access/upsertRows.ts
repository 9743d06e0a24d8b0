import type { CollectionInfo } from '../domain/catalog.ts';
import type { Column, FieldColumn } from '../domain/columns.ts';
import { invalid } from '../domain/errors.ts';
import { primaryKeyField } from '../domain/schema.ts';
import type { IncomingFields } from './assembleBatch.ts';
import { assembleColumns, checkedColumn, checkRowCount, matchFields } from './assembleBatch.ts';
import type { AccessDependencies } from './dependencies.ts';
import { addAutoKeys, keyColumn } from './insertRows.ts';
import type { LoadGate } from './loadGate.ts';
import { assemblePartial } from './partialUpdate.ts';
import { hasPartitionKey, partitionsToWrite } from './partitions.ts';
import type { MutationReply, UpsertRequest } from './requests.ts';
import type { ShardWrite } from './route.ts';
import { routeKeys, routeRows } from './route.ts';
import { checkSchemaTimestamp, writeShards } from './writeShards.ts';

/**
 * Replaces rows by key. With generated keys the rows named by the given keys go and the new ones get new keys, which the
 * reply holds. A partial update reads the stored rows first and needs the collection to be loaded.
 * Errors: Invalid, NotFound, SchemaMismatch, NotLoaded, and those of StreamingService.
 */
export async function upsertRows(
  deps: AccessDependencies,
  gate: LoadGate,
  request: UpsertRequest,
): Promise<MutationReply> {
  const { rows } = request;
  const collection = await deps.coordinator.getCollection(request.databaseName, request.collectionName);
  checkSchemaTimestamp(collection, request.schemaTimestamp);
  checkRowCount(rows);
  const partitionIds = partitionsToWrite(collection, request.partitionName);
  const incoming = matchFields(collection.schema, request.fields);
  const givenKeys = checkedKeys(collection, incoming, rows);
  const columns = request.partialUpdate
    ? await assemblePartial(deps, await gate.open(collection, undefined, undefined), {
        incoming,
        keys: givenKeys,
        partitionIds: hasPartitionKey(collection) ? undefined : partitionIds,
      })
    : withKeys(
        collection,
        givenKeys,
        assembleColumns(collection.schema, incoming, rows, (field) => field.isPrimaryKey),
      );
  const writes = await routeUpsert(deps, collection, columns, givenKeys, partitionIds);
  const timestamp = await writeShards(deps, collection, writes.shards, undefined);
  return { keys: writes.keys, rows, insertCount: rows, deleteCount: rows, upsertCount: rows, timestamp };
}

function checkedKeys({ schema }: CollectionInfo, incoming: IncomingFields, rows: number): Column {
  const field = primaryKeyField(schema);
  const given = incoming.get(field.fieldId);
  if (given === undefined) throw invalid(`must assign pk when upsert, field: ${field.name}`);
  return checkedColumn(schema, field, given, rows);
}

function withKeys({ schema }: CollectionInfo, keys: Column, columns: FieldColumn[]): FieldColumn[] {
  const field = primaryKeyField(schema);
  columns.splice(schema.fields.indexOf(field), 0, { fieldId: field.fieldId, column: keys });
  return columns;
}

async function routeUpsert(
  deps: AccessDependencies,
  collection: CollectionInfo,
  columns: FieldColumn[],
  givenKeys: Column,
  partitionIds: readonly number[],
): Promise<{ readonly shards: ShardWrite[]; readonly keys: Column }> {
  const { schema, vchannels } = collection;
  const { rows } = givenKeys;
  const field = primaryKeyField(schema);
  if (!field.autoId) return { shards: routeRows(collection, columns, rows, partitionIds), keys: givenKeys };
  const others = columns.filter(({ fieldId }) => fieldId !== field.fieldId);
  await addAutoKeys(deps, schema, others, rows);
  const shards = routeRows(collection, others, rows, partitionIds);
  for (const { shard, keys } of routeKeys(givenKeys, vchannels.length)) {
    const write = shards.find((candidate) => candidate.shard === shard);
    if (write === undefined) shards.push({ shard, inserts: [], deleteKeys: keys });
    else write.deleteKeys = keys;
  }
  return { shards, keys: keyColumn(schema, others) };
}
