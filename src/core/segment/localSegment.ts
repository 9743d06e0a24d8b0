import type { CollectionInfo, IndexInfo } from '../domain/catalog.ts';
import type { Column, ColumnBatch } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { fieldById } from '../domain/schema.ts';
import type { LocalRead } from '../query/segmentExecutor.ts';
import { inBackground } from './background.ts';
import { type IndexHost, isGraphIndex, type SegmentIndex } from './indexHost.ts';
import type { SegmentLayout } from './layout.ts';
import { RowStore } from './rowStore.ts';

/**
 * Rows of one segment in this process's memory with their graph indexes. A role owns it, or two while one hands it to the
 * other. Reads retain it; memory goes when every owner has disposed of it and the last read has released it.
 */
export class LocalSegment {
  readonly segmentId: number;
  readonly store: RowStore;
  readonly fieldIds: readonly number[];
  readonly #host: IndexHost;
  readonly #key: string;
  readonly #maker: string;
  readonly #owners: Set<string>;
  readonly #vectorFields: readonly FieldSchema[];
  readonly #indexes = new Map<number, SegmentIndex>();
  #publishedLayout: SegmentLayout | undefined;
  #published = 0;
  #readers = 0;
  #disposed = false;
  /** Builds run one after another. */
  #building: Promise<void> = Promise.resolve();

  constructor(host: IndexHost, owner: string, segmentId: number, fields: readonly FieldSchema[]) {
    this.#host = host;
    this.segmentId = segmentId;
    this.#key = `${owner}/${segmentId}`;
    this.#maker = owner;
    this.#owners = new Set([owner]);
    this.fieldIds = fields.map((field) => field.fieldId);
    this.#vectorFields = fields.filter((field) => field.dim > 0);
    this.store = new RowStore(host.arena, fields, (ref) => host.retire(ref));
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** Takes the memory that `append` of this batch will need, after the batches promised before. Error: Exhausted. */
  promise(batch: ColumnBatch): void {
    this.store.promise(batch);
  }

  append(batch: ColumnBatch): void {
    const from = this.store.rows;
    this.store.append(batch);
    for (const field of this.#vectorFields) {
      const vectors = this.store.reader.vectorRows(field.fieldId, this.store.rows);
      this.#host.compute.local.writeInverseNorms(vectors, from, this.store.rows);
    }
  }

  /** How a task reads the first `rowsLimit` rows; `searchedFieldId` picks the index. */
  read(rowsLimit: number, hidden: Uint8Array | undefined, searchedFieldId?: number): LocalRead {
    const index = searchedFieldId === undefined ? undefined : this.#indexes.get(searchedFieldId);
    const usable = index !== undefined && index.indexedRows > 0;
    return {
      store: this.store,
      read: { layoutKey: this.layoutKey(), rowsLimit, hidden, index: usable ? index.handle : undefined },
    };
  }

  /** The column of a field, chunk by chunk, with the rows that are written. */
  *columns(fieldId: number): Iterable<{ readonly column: Column; readonly rows: number }> {
    const { chunkRows, rows } = this.store;
    for (let first = 0, chunk = 0; first < rows; first += chunkRows, chunk++) {
      yield { column: this.store.reader.column(chunk, fieldId), rows: Math.min(chunkRows, rows - first) };
    }
  }

  /** The key under which all threads know the present layout. */
  layoutKey(): string {
    const { layout } = this.store;
    if (layout !== this.#publishedLayout) {
      this.#unpublish();
      this.#publishedLayout = layout;
      this.#published++;
      this.#host.compute.publish(this.#publishedKey(), layout);
    }
    return this.#publishedKey();
  }

  index(fieldId: number): SegmentIndex | undefined {
    return this.#indexes.get(fieldId);
  }

  /** Takes a loaded index over, or drops it when the segment was disposed meanwhile. */
  async setIndex(fieldId: number, index: SegmentIndex): Promise<void> {
    if (this.#disposed || this.#indexes.has(fieldId)) await index.drop();
    else this.#indexes.set(fieldId, index);
  }

  indexStates(): { indexId: number; indexedRows: number }[] {
    return [...this.#indexes.values()].map(({ indexId, indexedRows }) => ({ indexId, indexedRows }));
  }

  get bytesUsed(): number {
    let bytes = this.store.bytesUsed;
    for (const index of this.#indexes.values()) bytes += index.bytesUsed;
    return bytes;
  }

  /**
   * Brings the graph indexes in line with the catalogue and resolves when all rows are indexed. Small segments get none.
   */
  buildIndexes(collection: CollectionInfo): Promise<void> {
    return this.#inTurn(async () => {
      await this.#dropStale(collection.indexes);
      for (const info of collection.indexes) await this.#buildIndex(collection, info);
    });
  }

  /** As `buildIndexes`, of one index. */
  buildIndex(collection: CollectionInfo, info: IndexInfo): Promise<void> {
    return this.#inTurn(() => this.#buildIndex(collection, info));
  }

  /** Rows that every graph index of the catalogue covers; all rows when it has none. */
  leastIndexedRows(collection: CollectionInfo): number {
    let least = this.store.rows;
    if (least < this.#host.rowsMin) return least;
    for (const info of collection.indexes) {
      if (isGraphIndex(info)) least = Math.min(least, this.#indexes.get(info.fieldId)?.indexedRows ?? 0);
    }
    return least;
  }

  /** True when every graph index of the catalogue that this segment should have covers all rows. */
  isIndexed(collection: CollectionInfo): boolean {
    return this.leastIndexedRows(collection) === this.store.rows;
  }

  retain(): void {
    assert(!this.#disposed || this.#readers > 0, 'a segment that is read is still there');
    this.#readers++;
  }

  release(): void {
    if (--this.#readers === 0 && this.#disposed) this.#free();
  }

  /** Makes `owner` one more that must dispose of it. */
  own(owner: string): void {
    assert(!this.#disposed, 'a segment that is handed over is still there');
    this.#owners.add(owner);
  }

  /** Ends the part of `owner`, by default of whoever made it. After the last one rows and indexes go when no read uses them. */
  dispose(owner = this.#maker): void {
    this.#owners.delete(owner);
    if (this.#disposed || this.#owners.size > 0) return;
    this.#disposed = true;
    if (this.#readers === 0) this.#free();
  }

  /** Drops indexes that the catalogue no longer has. */
  dropStale(wanted: readonly IndexInfo[]): Promise<void> {
    return this.#inTurn(() => this.#dropStale(wanted));
  }

  /** Two builds at once would make the same graph twice. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const run = this.#building.then(work);
    // The caller handles the failure; the next build starts all the same.
    this.#building = run.catch(() => undefined);
    return run;
  }

  async #buildIndex(collection: CollectionInfo, info: IndexInfo): Promise<void> {
    const field = fieldById(collection.schema, info.fieldId);
    if (this.#disposed || !isGraphIndex(info) || field === undefined) return;
    if (this.store.rows < this.#host.rowsMin) return;
    if (!this.#indexes.has(info.fieldId)) {
      const made = await this.#host.create(info, field.dim, this.store.arena, this.store.rows);
      await this.setIndex(info.fieldId, made);
    }
    await this.#indexes.get(info.fieldId)?.build({
      layoutKey: () => this.layoutKey(),
      fieldId: info.fieldId,
      rowsNow: () => (this.#disposed ? 0 : this.store.rows),
    });
  }

  async #dropStale(wanted: readonly IndexInfo[]): Promise<void> {
    for (const [fieldId, index] of this.#indexes) {
      if (wanted.some((info) => info.indexId === index.indexId)) continue;
      this.#indexes.delete(fieldId);
      await index.drop();
    }
  }

  #free(): void {
    for (const index of this.#indexes.values())
      inBackground(this.#host.logger, 'drop an index', index.drop());
    this.#indexes.clear();
    this.#unpublish();
    this.store.free();
  }

  /** Tasks that wait in the queue still name the old layout. */
  #unpublish(): void {
    if (this.#publishedLayout === undefined) return;
    const key = this.#publishedKey();
    this.#host.whenUnused('unpublish a layout', () => this.#host.compute.unpublish(key));
  }

  #publishedKey(): string {
    return `${this.#key}/${this.#published}`;
  }
}
