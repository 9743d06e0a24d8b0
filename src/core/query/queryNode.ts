import type { CollectionInfo, IndexInfo, ObjectFile, SegmentInfo } from '../domain/catalog.ts';
import { ElanusError, type ErrorKind } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { fieldById, primaryKeyField } from '../domain/schema.ts';
import type { Hits } from '../rank/mergeHits.ts';
import { inBackground } from '../segment/background.ts';
import type { HandOver } from '../segment/handOver.ts';
import type { IndexHost } from '../segment/indexHost.ts';
import { isGraphIndex } from '../segment/indexHost.ts';
import { LocalSegment } from '../segment/localSegment.ts';
import { Marks } from '../segment/marks.ts';
import { type FileDeps, loadObject } from '../segment/segmentFiles.ts';
import { missingFields, readRows, storedFields } from '../segment/segmentReader.ts';
import { type LocalRead, type QueryRows, SegmentExecutor, searchSpec } from './segmentExecutor.ts';
import type {
  QueryService,
  SealedQueryRequest,
  SealedRead,
  SealedSearchRequest,
  SealedSegmentState,
} from './service.ts';

interface ServedSegment {
  readonly info: SegmentInfo;
  readonly local: LocalSegment;
  readonly marks: Marks;
  /** Indexes are loaded by one call after another. */
  indexing: Promise<void>;
  /** The schema whose added fields the rows show as missing. */
  schemaVersion: number;
}

const OWNER = 'query';

/** The query role: sealed segments in memory, read from the object store. */
export class QueryNode implements QueryService {
  readonly #files: FileDeps;
  readonly #host: IndexHost;
  readonly #handOver: HandOver | undefined;
  readonly #executor: SegmentExecutor;
  readonly #segments = new Map<number, Promise<ServedSegment>>();

  /** With `handOver` segments that the streaming role of this process has just flushed are not read again. */
  constructor(files: FileDeps, host: IndexHost, handOver?: HandOver) {
    this.#files = files;
    this.#host = host;
    this.#handOver = handOver;
    this.#executor = new SegmentExecutor(
      host.compute,
      (plugin) => plugin !== host.plugin || host.sharedByThreads,
    );
  }

  async loadSegments(request: {
    collection: CollectionInfo;
    segments: readonly SegmentInfo[];
  }): Promise<void> {
    const { collection, segments } = request;
    // One after another: each holds a batch in memory, and the next is not faster on the same disk.
    for (const info of segments) {
      const served = await this.#load(collection, info);
      const run = served.indexing.then(() => this.#matchIndexes(collection, info, served.local));
      // The caller handles the failure; the next call starts all the same.
      served.indexing = run.catch(() => undefined);
      await run;
    }
  }

  async releaseSegments(segmentIds: readonly number[]): Promise<void> {
    for (const segmentId of segmentIds) {
      const served = this.#segments.get(segmentId);
      if (served === undefined) continue;
      this.#segments.delete(segmentId);
      // Of a load that fails nothing is left.
      await served.then(
        ({ local }) => local.dispose(OWNER),
        () => undefined,
      );
    }
  }

  async search(request: SealedSearchRequest): Promise<Hits> {
    const { collection } = request;
    const dim = fieldById(collection.schema, request.fieldId)!.dim;
    return this.#reading(request, request.fieldId, (locals) =>
      this.#executor.search(
        locals,
        searchSpec(request, dim),
        primaryKeyField(collection.schema),
        outputFields(request),
      ),
    );
  }

  async query(request: SealedQueryRequest): Promise<QueryRows> {
    return this.#reading(request, undefined, (locals) =>
      this.#executor.match(
        locals,
        { filter: request.filter, limit: request.limit, countOnly: request.countOnly },
        primaryKeyField(request.collection.schema),
        outputFields(request),
      ),
    );
  }

  async segmentStates(segmentIds: readonly number[]): Promise<readonly SealedSegmentState[]> {
    const states: SealedSegmentState[] = [];
    for (const segmentId of segmentIds) {
      const served = await this.#segments.get(segmentId);
      if (served === undefined) continue;
      states.push({ segmentId, memoryBytes: served.local.bytesUsed, indexes: served.local.indexStates() });
    }
    return states;
  }

  async #reading<Result>(
    { collection, segments: reads }: { collection: CollectionInfo; segments: readonly SealedRead[] },
    searchedFieldId: number | undefined,
    run: (locals: readonly LocalRead[]) => Promise<Result>,
  ): Promise<Result> {
    const served = await Promise.all(reads.map((read) => this.#served(read.segmentId)));
    const locals = reads.map((read, i) => {
      const { local, marks } = served[i]!;
      if (local.isDisposed) throw notLoaded(read.segmentId);
      showMissing(served[i]!, collection);
      marks.apply({ ...read.marks, timestamps: new BigUint64Array(read.marks.rows.length) });
      return local.read(read.rowsLimit, marks.bitmap(read.marksCount), searchedFieldId);
    });
    for (const { local } of served) local.retain();
    try {
      return await run(locals);
    } finally {
      for (const { local } of served) local.release();
    }
  }

  #served(segmentId: number): Promise<ServedSegment> {
    const served = this.#segments.get(segmentId);
    return served ?? Promise.reject(notLoaded(segmentId));
  }

  #load(collection: CollectionInfo, info: SegmentInfo): Promise<ServedSegment> {
    let served = this.#segments.get(info.segmentId);
    if (served === undefined) {
      const reading = this.#read(collection, info);
      this.#segments.set(info.segmentId, reading);
      // A failed load is tried again by the next call.
      reading.catch(() => {
        if (this.#segments.get(info.segmentId) === reading) this.#segments.delete(info.segmentId);
      });
      served = reading;
    }
    return served;
  }

  async #read(collection: CollectionInfo, info: SegmentInfo): Promise<ServedSegment> {
    const local = this.#handOver?.take(info, OWNER) ?? (await this.#readRows(collection, info));
    return { info, local, marks: new Marks(), indexing: Promise.resolve(), schemaVersion: -1 };
  }

  async #readRows(collection: CollectionInfo, info: SegmentInfo): Promise<LocalSegment> {
    const local = new LocalSegment(this.#host, OWNER, info.segmentId, storedFields(collection, info));
    try {
      local.store.reserve(info.rows);
      for await (const batch of readRows(this.#files, collection, info)) local.append(batch);
      return local;
    } catch (caught) {
      local.dispose();
      throw caught;
    }
  }

  async #matchIndexes(collection: CollectionInfo, info: SegmentInfo, local: LocalSegment): Promise<void> {
    await local.dropStale(collection.indexes);
    for (const file of info.indexes) {
      const index = collection.indexes.find((candidate) => candidate.indexId === file.indexId);
      if (local.isDisposed || index === undefined || !isGraphIndex(index)) continue;
      if (local.index(index.fieldId)?.indexId === index.indexId) continue;
      try {
        await this.#loadIndex(collection, index, file, local);
      } catch (caught) {
        this.#buildAgain(collection, index, file, local, ElanusError.from(caught));
      }
    }
  }

  async #loadIndex(
    collection: CollectionInfo,
    index: IndexInfo,
    file: ObjectFile,
    local: LocalSegment,
  ): Promise<void> {
    const bytes = await loadObject(this.#files, file);
    const { dim } = fieldById(collection.schema, index.fieldId)!;
    await local.setIndex(index.fieldId, await this.#host.load(index, dim, local.store.arena, bytes));
  }

  /** A damaged index file, or one of another plugin, costs speed and no rows: they are scanned until the graph is built. */
  #buildAgain(
    collection: CollectionInfo,
    index: IndexInfo,
    file: ObjectFile,
    local: LocalSegment,
    error: ElanusError,
  ): void {
    if (!UNUSABLE.includes(error.kind)) throw error;
    this.#host.logger.error('a saved index cannot be used', { file: file.key, error: error.text });
    inBackground(this.#host.logger, 'build an index in memory', local.buildIndex(collection, index));
  }
}

/** What a saved index can be wrong with; other errors may pass. */
const UNUSABLE: readonly ErrorKind[] = ['Corrupt', 'Invalid', 'Unsupported'];

function notLoaded(segmentId: number): ElanusError {
  return new ElanusError('NotFound', 'segment not loaded', {
    subject: 'segment',
    context: { segment: segmentId },
  });
}

function showMissing(served: ServedSegment, collection: CollectionInfo): void {
  if (served.schemaVersion >= collection.schema.version) return;
  served.local.store.setMissing(missingFields(collection, served.info));
  served.schemaVersion = collection.schema.version;
}

function outputFields(request: {
  collection: CollectionInfo;
  outputFieldIds: readonly number[];
}): FieldSchema[] {
  return request.outputFieldIds.map((fieldId) => fieldById(request.collection.schema, fieldId)!);
}
