import type { CollectionInfo, IndexInfo } from '../domain/catalog.ts';
import { isVectorType } from '../domain/dataTypes.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import type { FieldSchema, KeyValue } from '../domain/schema.ts';
import { dynamicField, fieldById, fieldByName } from '../domain/schema.ts';
import { changeCollection } from './collectionChanges.ts';
import type { CoordinatorContext } from './context.ts';
import { sameParams } from './indexParams.ts';
import type { CheckedIndex } from './indexRules.ts';
import { checkedIndex, checkIndexAlteration, jsonPathOf } from './indexRules.ts';
import { checkName } from './names.ts';
import { alteredProperties, propertyOf } from './propertyRules.ts';
import type { IndexAlteration, IndexCreation } from './service.ts';

/** The same index again is a success. */
export async function createIndex(context: CoordinatorContext, request: IndexCreation): Promise<IndexInfo> {
  if (request.indexName !== '') checkName('index', request.indexName);
  const info = await changeCollection(context, 'createIndex', request, async (current) => {
    const { field, params } = indexedField(current, request);
    const wanted = checkedIndex(field, params);
    const indexName = request.indexName || `${field.name}${jsonPathOf(field, wanted.params)}`;
    const existing = existingIndex(current, field, indexName, wanted);
    if (existing !== undefined) return current;
    const index: IndexInfo = {
      indexId: Number(await context.ids.allocate(1)),
      indexName,
      fieldId: field.fieldId,
      fieldName: field.name,
      ...wanted,
      createdTs: await context.timestamps.allocate(1),
    };
    return { ...current, indexes: [...current.indexes, index] };
  });
  return answeredIndex(info, request);
}

/** The field to index. A key of the dynamic field is a path in `$meta`. Error: NotFound field. */
function indexedField(
  info: CollectionInfo,
  request: IndexCreation,
): { field: FieldSchema; params: readonly KeyValue[] } {
  const field = fieldByName(info.schema, request.fieldName);
  if (field !== undefined) return { field, params: request.params };
  const dynamic = dynamicField(info.schema);
  if (dynamic === undefined || request.fieldName === '') {
    throw new ElanusError('NotFound', 'cannot create index on non-exist field', {
      subject: 'field',
      context: { collection: info.schema.name, field: request.fieldName },
    });
  }
  if (propertyOf(request.params, 'json_path') !== undefined)
    return { field: dynamic, params: request.params };
  return { field: dynamic, params: [...request.params, { key: 'json_path', value: request.fieldName }] };
}

/** Errors: AlreadyExists (another index has the name, or the field has another index). */
function existingIndex(
  info: CollectionInfo,
  field: FieldSchema,
  indexName: string,
  wanted: CheckedIndex,
): IndexInfo | undefined {
  const path = jsonPathOf(field, wanted.params);
  const named = info.indexes.find((index) => index.indexName === indexName);
  const onField = info.indexes.find(
    (index) => index.fieldId === field.fieldId && jsonPathOf(field, index.params) === path,
  );
  if (named === undefined && onField === undefined) return undefined;
  const context = { collection: info.schema.name, field: field.name, index: indexName };
  if (named !== undefined && named !== onField) {
    throw new ElanusError('AlreadyExists', 'another field has an index of this name', {
      subject: 'index',
      context: { ...context, otherField: named.fieldName },
    });
  }
  const isSame =
    onField !== undefined &&
    onField.indexName === indexName &&
    onField.indexType === wanted.indexType &&
    sameParams(onField.params, wanted.params);
  if (isSame) return onField;
  throw new ElanusError('AlreadyExists', 'at most one distinct index is allowed per field', {
    subject: 'index',
    context,
  });
}

function answeredIndex(info: CollectionInfo, request: IndexCreation): IndexInfo {
  const { field, params } = indexedField(info, request);
  const { params: wanted } = checkedIndex(field, params);
  const indexName = request.indexName || `${field.name}${jsonPathOf(field, wanted)}`;
  const index = info.indexes.find((other) => other.indexName === indexName);
  if (index !== undefined) return index;
  throw new ElanusError('Internal', 'the index that was made is missing', { context: { index: indexName } });
}

/** By index name, or by field name when that is empty. A missing index is a success. */
export async function dropIndex(
  context: CoordinatorContext,
  request: {
    requestId: string;
    databaseName: string;
    collection: string;
    indexName: string;
    fieldName: string;
  },
): Promise<void> {
  await changeCollection(context, 'dropIndex', request, (current) => {
    const dropped = current.indexes.filter((index) => isMeant(index, request));
    if (dropped.length === 0) return current;
    for (const { fieldId, indexName } of dropped) {
      const field = fieldById(current.schema, fieldId)!;
      if (current.load.state !== 'loaded' || !isVectorType(field.dataType)) continue;
      throw invalid(`vector index cannot be dropped on loaded collection: ${current.schema.name}`, {
        index: indexName,
      });
    }
    return { ...current, indexes: current.indexes.filter((index) => !dropped.includes(index)) };
  });
}

function isMeant(index: IndexInfo, request: { indexName: string; fieldName: string }): boolean {
  if (request.indexName !== '') return index.indexName === request.indexName;
  return request.fieldName !== '' && index.fieldName === request.fieldName;
}

export async function alterIndex(context: CoordinatorContext, request: IndexAlteration): Promise<void> {
  checkIndexAlteration(request.set, request.deleteKeys);
  await changeCollection(context, 'alterIndex', request, (current) => {
    const index = current.indexes.find((other) => other.indexName === request.indexName);
    if (index === undefined) {
      throw new ElanusError('NotFound', 'index not found', {
        subject: 'index',
        context: { collection: current.schema.name, index: request.indexName },
      });
    }
    if (current.load.state === 'loaded') {
      throw new ElanusError(
        'Conflict',
        "can't alter index on loaded collection, please release the collection first",
        { subject: 'collection', context: { collection: current.schema.name } },
      );
    }
    const params = alteredProperties(index.params, request.set, request.deleteKeys);
    const altered = { ...index, params };
    return { ...current, indexes: current.indexes.map((other) => (other === index ? altered : other)) };
  });
}
