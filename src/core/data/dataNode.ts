import type { CollectionInfo, IndexInfo, ObjectFile, SegmentInfo } from '../domain/catalog.ts';
import type { ColumnBatch } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import { fieldById, TIMESTAMP_FIELD_ID } from '../domain/schema.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import { constantColumn } from '../segment/constantColumn.ts';
import { gatherColumn } from '../segment/gather.ts';
import type { IndexHost } from '../segment/indexHost.ts';
import { LocalSegment } from '../segment/localSegment.ts';
import { Marks } from '../segment/marks.ts';
import { RowTimestamps } from '../segment/rowTimestamps.ts';
import { type FileDeps, loadColumnFile, segmentKey, storeObject } from '../segment/segmentFiles.ts';
import { missingFields, readRows, storedFields } from '../segment/segmentReader.ts';
import { storeRows } from '../segment/segmentWriter.ts';
import type { CompactionRequest, CompactionResult, DataService } from './service.ts';

const DROPPED = 0xffffffff;

/** The data role: index builds and compactions over objects. */
export class DataNode implements DataService {
  readonly #files: FileDeps;
  readonly #host: IndexHost;
  #workNumber = 0;

  constructor(files: FileDeps, host: IndexHost) {
    this.#files = files;
    this.#host = host;
  }

  async buildIndex(request: {
    collection: CollectionInfo;
    segment: SegmentInfo;
    index: IndexInfo;
  }): Promise<ObjectFile> {
    const { collection, segment, index } = request;
    const field = fieldById(collection.schema, index.fieldId);
    assert(field !== undefined, 'an index is on a field of the schema');
    const local = new LocalSegment(this.#host, `data/${this.#workNumber++}`, segment.segmentId, [field]);
    try {
      const file = segment.vectors.find((candidate) => candidate.fieldIds.includes(field.fieldId));
      assert(file !== undefined, 'a vector field has a file');
      for await (const batch of loadColumnFile(this.#files, file, () => field)) local.append(batch);
      await local.buildIndexes({ ...collection, indexes: [index] });
      const graph = local.index(index.fieldId);
      assert(graph !== undefined, 'the graph was built');
      const key = segmentKey(collection.collectionId, segment.segmentId, `index-${index.indexId}.bin`);
      return await storeObject(this.#files, key, await graph.save());
    } finally {
      local.dispose();
    }
  }

  async compact(request: CompactionRequest): Promise<CompactionResult> {
    const { collection, targetSegmentId } = request;
    const fields = collection.schema.fields;
    const local = new LocalSegment(this.#host, `data/${this.#workNumber++}`, targetSegmentId, fields);
    const timestamps = new RowTimestamps();
    const rowMaps: Uint32Array[] = [];
    const kept: { row: number; timestamp: bigint }[] = [];
    try {
      for (const source of request.sources) {
        const map = await this.#copyRows(request, source, local, timestamps);
        rowMaps.push(map);
        source.markedRows.forEach((row, i) => {
          if (map[row] !== DROPPED) kept.push({ row: map[row]!, timestamp: source.markTimestamps[i]! });
        });
      }
      const marks = sortedMarks(kept);
      const { rows: markedRows, timestamps: markTimestamps } = marks.delta(0);
      const result = { rowMaps, markedRows, markTimestamps };
      if (timestamps.rows === 0) return { segment: undefined, ...result };
      return { segment: await this.#store(request, local, timestamps, marks), ...result };
    } finally {
      local.dispose();
    }
  }

  /** Appends the rows of one source that stay; returns the new number of each old row. */
  async #copyRows(
    request: CompactionRequest,
    source: CompactionRequest['sources'][number],
    local: LocalSegment,
    timestamps: RowTimestamps,
  ): Promise<Uint32Array> {
    const { collection, horizonTs } = request;
    const map = new Uint32Array(source.segment.rows);
    source.markedRows.forEach((row, i) => {
      if (source.markTimestamps[i]! <= horizonTs) map[row] = DROPPED;
    });
    let first = 0;
    for await (const batch of readRows(this.#files, collection, source.segment)) {
      const picks = keptRows(map, first, batch.rows, timestamps.rows);
      first += batch.rows;
      if (picks.length === 0) continue;
      local.append(pickRows(collection, source.segment, batch, picks));
      const column = columnOf(batch, TIMESTAMP_FIELD_ID);
      assert(column !== undefined, 'a segment file has timestamps');
      const chosen = gatherColumn([column], { sources: undefined, rows: picks });
      assert(
        chosen.kind === 'fixed' && chosen.values instanceof BigInt64Array,
        'a gathered column keeps its type',
      );
      timestamps.pushColumn(chosen.values, picks.length);
    }
    return map;
  }

  async #store(
    request: CompactionRequest,
    local: LocalSegment,
    timestamps: RowTimestamps,
    marks: Marks,
  ): Promise<SegmentInfo> {
    const { collection, targetSegmentId, sources } = request;
    const stored = await storeRows(this.#files, collection, targetSegmentId, local, timestamps);
    const key = segmentKey(collection.collectionId, targetSegmentId, `marks-${marks.count}.bin`);
    const { partitionId, vchannel } = sources[0]!.segment;
    return {
      segmentId: targetSegmentId,
      collectionId: collection.collectionId,
      partitionId,
      vchannel,
      schemaVersion: collection.schema.version,
      ...stored,
      toPosition: sources.reduce(
        (most, { segment }) => (segment.toPosition > most ? segment.toPosition : most),
        '',
      ),
      marksPosition: request.marksPosition,
      markedRows: marks.count,
      horizonTs: droppedTs(request),
      marks: marks.count === 0 ? undefined : await storeObject(this.#files, key, marks.encode(marks.count)),
      indexes: [],
    };
  }
}

/** Picks of the rows [first, first + rows) that stay, numbered from `next`; writes the new numbers into `map`. */
function keptRows(map: Uint32Array, first: number, rows: number, next: number): Uint32Array {
  const picked = new Uint32Array(rows);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    if (map[first + i] === DROPPED) continue;
    map[first + i] = next + count;
    picked[count++] = i;
  }
  return picked.subarray(0, count);
}

/** Rows of an older schema get the columns that were added since. */
function pickRows(
  collection: CollectionInfo,
  segment: SegmentInfo,
  batch: ColumnBatch,
  rows: Uint32Array,
): ColumnBatch {
  const stored = storedFields(collection, segment).map(({ fieldId }) => ({
    fieldId,
    column: gatherColumn([columnOf(batch, fieldId)!], { sources: undefined, rows }),
  }));
  const added = missingFields(collection, segment).map((field) => ({
    fieldId: field.fieldId,
    column: constantColumn(field, field.defaultValue, rows.length),
  }));
  return { rows: rows.length, columns: [...stored, ...added] };
}

/** The latest mark of a row that is dropped, now or by an earlier compaction. */
function droppedTs({ sources, horizonTs }: CompactionRequest): Timestamp {
  let latest = 0n;
  for (const { segment, markTimestamps } of sources) {
    if (segment.horizonTs > latest) latest = segment.horizonTs;
    for (const timestamp of markTimestamps)
      if (timestamp <= horizonTs && timestamp > latest) latest = timestamp;
  }
  return latest;
}

function sortedMarks(kept: { row: number; timestamp: bigint }[]): Marks {
  kept.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : a.row - b.row));
  const marks = new Marks();
  for (const { row, timestamp } of kept) marks.add(row, timestamp);
  return marks;
}
