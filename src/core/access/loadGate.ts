import type { CollectionInfo, IndexInfo } from '../domain/catalog.ts';
import { isVectorType } from '../domain/dataTypes.ts';
import { ElanusError } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import type { AccessDependencies, AccessOptions } from './dependencies.ts';

/** A collection that may be read, and the partitions that are loaded and wanted (undefined = all). */
export interface OpenCollection {
  readonly collection: CollectionInfo;
  readonly partitionIds: readonly number[] | undefined;
}

/** Lets reads through to what is loaded, and loads on first use when that is configured. */
export class LoadGate {
  readonly #deps: AccessDependencies;
  readonly #options: AccessOptions;

  constructor(deps: AccessDependencies, options: AccessOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /**
   * `partitionIds`: those wanted, undefined = all that are loaded. `vectorField`: the one that is searched.
   * Errors: NotLoaded (subject collection or partition), NotFound (subject index).
   */
  async open(
    collection: CollectionInfo,
    partitionIds: readonly number[] | undefined,
    vectorField: FieldSchema | undefined,
  ): Promise<OpenCollection> {
    if (vectorField !== undefined && collection.load.state !== 'released') indexOf(collection, vectorField);
    const loaded =
      collection.load.state === 'loaded' ? collection : await this.#load(collection, vectorField);
    return { collection: loaded, partitionIds: loadedPartitions(loaded, partitionIds) };
  }

  /** The index that a search of `field` uses. Errors: NotLoaded, and only then NotFound (subject index). */
  indexOf(collection: CollectionInfo, field: FieldSchema): IndexInfo {
    if (collection.load.state !== 'loaded') this.#refuseUnloaded(collection);
    return indexOf(collection, field);
  }

  #refuseUnloaded(collection: CollectionInfo): void {
    if (collection.load.state === 'released' || !this.#options.loadOnFirstUse) throw notLoaded(collection);
  }

  async #load(collection: CollectionInfo, vectorField: FieldSchema | undefined): Promise<CollectionInfo> {
    const { schema, databaseName, load } = collection;
    this.#refuseUnloaded(collection);
    const needed = vectorField === undefined ? schema.fields : [vectorField];
    for (const field of needed) if (isVectorType(field.dataType)) indexOf(collection, field);
    return this.#deps.coordinator.setLoad({
      requestId: this.#deps.random.uuid(),
      databaseName,
      collection: schema.name,
      load: { action: 'load', partitionNames: undefined, replicaNumber: load.replicaNumber || 1 },
    });
  }
}

function notLoaded({ schema, databaseName }: CollectionInfo): ElanusError {
  return new ElanusError('NotLoaded', 'collection not loaded', {
    subject: 'collection',
    context: { database: databaseName, collection: schema.name },
  });
}

function loadedPartitions(
  { load, partitions }: CollectionInfo,
  wanted: readonly number[] | undefined,
): readonly number[] | undefined {
  if (load.partitionIds === undefined) return wanted;
  const missing = wanted?.find((partitionId) => !load.partitionIds!.includes(partitionId));
  if (missing === undefined) return wanted ?? load.partitionIds;
  const name = partitions.find(({ partitionId }) => partitionId === missing)?.name;
  throw new ElanusError('NotLoaded', 'partition not loaded', {
    subject: 'partition',
    context: { partition: name },
  });
}

/** The index of a vector field. Errors: NotFound (subject index). */
function indexOf({ indexes, schema, databaseName }: CollectionInfo, field: FieldSchema): IndexInfo {
  const found = indexes.find(({ fieldId }) => fieldId === field.fieldId);
  if (found !== undefined) return found;
  throw new ElanusError('NotFound', 'index not found', {
    subject: 'index',
    context: { database: databaseName, collection: schema.name, field: field.name },
  });
}
