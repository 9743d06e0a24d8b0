import { describe, expect, it } from 'vitest';
import type { SegmentInfo } from '../../../src/core/domain/catalog.ts';
import { DataType } from '../../../src/core/domain/dataTypes.ts';
import { ElanusError } from '../../../src/core/domain/errors.ts';
import type { MetaCompare, MetaOperation, MetaStore } from '../../../src/core/ports/metaStore.ts';
import { MemoryMetaState } from '../../../src/plugins/memory/memoryMetaStore.ts';
import {
  creation,
  field,
  ID,
  memoryMeta,
  pairs,
  RememberingStreaming,
  refusal,
  requestId,
  startCoordinator,
  VECTOR,
} from './fixture.ts';

const at = (collection: string) => ({ requestId: requestId(), databaseName: 'default', collection });

/** A store that loses replies: of the next txn it takes, or of the next it does not take. Counts txns. */
class LossyMeta implements MetaStore {
  readonly inner: MetaStore;
  lose: 'reply' | 'request' | undefined;
  txns = 0;

  constructor(inner: MetaStore) {
    this.inner = inner;
  }

  async txn(compares: readonly MetaCompare[], operations: readonly MetaOperation[]) {
    this.txns++;
    const { lose } = this;
    this.lose = undefined;
    if (lose === 'request') throw new ElanusError('Unknown', 'no answer');
    const result = await this.inner.txn(compares, operations);
    if (lose === 'reply') throw new ElanusError('Unknown', 'no answer');
    return result;
  }

  get(key: string) {
    return this.inner.get(key);
  }

  range(prefix: string, options?: { readonly afterKey?: string; readonly limit?: number }) {
    return this.inner.range(prefix, options);
  }

  lease(ttlMs: number) {
    return this.inner.lease(ttlMs);
  }

  watch(prefix: string, signal: AbortSignal) {
    return this.inner.watch(prefix, signal);
  }

  close() {
    return this.inner.close();
  }
}

function segment(collectionId: number, vchannel: string, segmentId: number, buffers = 6): SegmentInfo {
  const file = (key: string) => ({
    key,
    bytes: 100,
    fieldIds: [0, 1, 100],
    batches: [
      {
        rows: 3,
        offset: 8,
        bytes: 64,
        crc32: 4_000_000_000,
        buffers: Array.from({ length: buffers }, (_, i) => i),
      },
    ],
  });
  return {
    segmentId,
    collectionId,
    partitionId: 1,
    vchannel,
    rows: 3,
    schemaVersion: 2,
    minTs: 1n << 40n,
    maxTs: 1n << 41n,
    toPosition: '0aff',
    marksPosition: '0b00',
    markedRows: 1,
    horizonTs: 0n,
    scalars: file('s'),
    vectors: [file('v')],
    marks: { key: 'm', bytes: 4, crc32: 5 },
    indexes: [{ indexId: 9, key: 'i', bytes: 6, crc32: 7 }],
  };
}

describe('a restart', () => {
  it('finds everything as it was', async () => {
    const meta = memoryMeta();
    const { coordinator } = await startCoordinator({ meta });
    await coordinator.createDatabase({ requestId: '', name: 'shop', properties: pairs({ timezone: 'UTC' }) });
    const fields = [
      { ...ID, autoId: true, description: 'the key' },
      VECTOR,
      field('n', DataType.Int64, { defaultValue: 9_007_199_254_740_993n, isClusteringKey: true }),
      field('b', DataType.Bool, { defaultValue: false, nullable: true }),
      field('t', DataType.VarChar, { maxLength: 9, isPartitionKey: true }),
      field('a', DataType.Array, { elementType: DataType.Int8, maxCapacity: 3 }),
    ];
    const more = {
      dynamic: true,
      shardsNum: 3,
      databaseName: 'shop',
      properties: pairs({ 'mmap.enabled': 'true' }),
    };
    await coordinator.createCollection(creation('books', fields, more));
    const shop = { requestId: '', databaseName: 'shop', collection: 'books' };
    await coordinator.createIndex({
      ...shop,
      fieldName: 'vector',
      indexName: 'i',
      params: pairs({ metric_type: 'IP' }),
    });
    await coordinator.createAlias({ ...shop, alias: 'now' });
    await coordinator.setLoad({
      ...shop,
      load: { action: 'load', partitionNames: undefined, replicaNumber: 1 },
    });
    await coordinator.truncateCollection({ requestId: '', databaseName: 'shop', name: 'books' });
    const before = await coordinator.getCollection('shop', 'now');

    const streaming = new RememberingStreaming();
    const again = await startCoordinator({ meta, streaming });
    expect(await again.coordinator.getCollection('shop', 'now')).toEqual(before);
    expect(await again.coordinator.listDatabases()).toEqual(await coordinator.listDatabases());
  });

  it('repeats no timestamp and no id, even with the clock far behind', async () => {
    const meta = memoryMeta();
    const seen = { timestamp: 0n, rowId: 0n, id: 0 };
    for (let life = 0; life < 3; life++) {
      const { coordinator } = await startCoordinator({ meta });
      const timestamp = await coordinator.allocTimestamps(1_000);
      const rowId = await coordinator.allocRowIds(3_000_000);
      const id = await coordinator.allocIds(5_000);
      expect(timestamp).toBeGreaterThan(seen.timestamp);
      expect(rowId).toBeGreaterThan(seen.rowId);
      expect(id).toBeGreaterThan(seen.id);
      Object.assign(seen, { timestamp: timestamp + 999n, rowId: rowId + 2_999_999n, id: id + 4_999 });
    }
  });

  it('writes once for many allocations', async () => {
    const meta = new LossyMeta(memoryMeta());
    const { coordinator } = await startCoordinator({ meta });
    await coordinator.allocTimestamps(1);
    await coordinator.allocRowIds(1);
    const before = meta.txns;
    for (let i = 0; i < 500; i++) {
      await coordinator.allocTimestamps(100);
      await coordinator.allocRowIds(1_000);
      await coordinator.allocIds(1);
    }
    expect(meta.txns - before).toBeLessThanOrEqual(1);
  });

  it('finishes clearing what was dropped while the streaming node failed', async () => {
    const meta = memoryMeta();
    const first = await startCoordinator({ meta });
    const info = await first.coordinator.createCollection(creation('books'));
    const { vchannel } = info.vchannels[0]!;
    const add = Array.from({ length: 80 }, (_, i) => segment(info.collectionId, vchannel, 10_000 + i));
    const change = { vchannel, term: 1, update: [], removeIds: [], checkpoint: '01' };
    await first.coordinator.commitSegments({ ...change, add });
    await first.coordinator.commitSegments({
      ...change,
      add: add.map((s) => ({ ...s, segmentId: s.segmentId + 500 })),
    });
    first.streaming.failure = new ElanusError('Unavailable', 'busy');
    await first.coordinator.dropCollection({ requestId: '', databaseName: 'default', name: 'books' });
    expect(await meta.range('elanus/catalog/dropped/')).toHaveLength(1);
    expect(await meta.range('elanus/catalog/segment/')).toHaveLength(160);
    // As if the process had died in the middle of clearing: half a segment is left.
    const [whole] = await meta.range('elanus/catalog/segment/', { limit: 1 });
    await meta.txn([], [{ op: 'put', key: whole!.key.replace(/00$/, '01'), value: Uint8Array.of(1) }]);
    await meta.txn([], [{ op: 'delete', key: whole!.key }]);
    const second = await startCoordinator({ meta });
    await second.coordinator.clearDropped();
    expect(second.streaming.dropped).toEqual([info.collectionId]);
    for (const what of ['dropped', 'segment', 'checkpoint', 'collection']) {
      expect(await meta.range(`elanus/catalog/${what}/`)).toEqual([]);
    }
  });
});

describe('two coordinators', () => {
  it('lets only the one that started last change anything', async () => {
    const state = new MemoryMetaState();
    const old = await startCoordinator({ meta: memoryMeta(state) });
    await old.coordinator.createCollection(creation('books'));
    const { coordinator } = await startCoordinator({ meta: memoryMeta(state) });
    expect(await refusal(old.coordinator.createCollection(creation('films')))).toMatch(/^Fenced/);
    expect(await refusal(old.coordinator.allocIds(5_000))).toMatch(/^Fenced/);
    expect(
      await refusal(
        old.coordinator.dropCollection({ requestId: '', databaseName: 'default', name: 'books' }),
      ),
    ).toMatch(/^Fenced/);
    expect((await coordinator.listCollections('default')).map((info) => info.schema.name)).toEqual(['books']);
  });
});

describe('channel claims and segments', () => {
  it('raises terms with every claim and hands out what must be recovered', async () => {
    const meta = memoryMeta();
    const { coordinator } = await startCoordinator({ meta });
    const info = await coordinator.createCollection(creation('books', [ID, VECTOR], { shardsNum: 2 }));
    const { vchannel } = info.vchannels[1]!;
    const change = {
      vchannel,
      term: 1,
      add: [segment(info.collectionId, vchannel, 50)],
      update: [],
      removeIds: [],
    };
    await coordinator.commitSegments({ ...change, checkpoint: '0a' });
    await coordinator.commitSegments({ ...change, checkpoint: '0a' });
    const assignments = await coordinator.claimChannels('node-2');
    expect(assignments).toEqual([
      {
        pchannel: 'elanus-dml_0',
        term: 2,
        shards: [
          { vchannel: info.vchannels[0]!.vchannel, collection: info, segments: [], checkpoint: undefined },
        ],
      },
      {
        pchannel: 'elanus-dml_1',
        term: 2,
        shards: [
          {
            vchannel,
            collection: info,
            segments: [segment(info.collectionId, vchannel, 50)],
            checkpoint: '0a',
          },
        ],
      },
    ]);
    expect(await refusal(coordinator.commitSegments({ ...change, checkpoint: '0b' }))).toMatch(
      /^Fenced\/channel.*channel=elanus-dml_1.*term=1.*current=2/,
    );
    expect(await refusal(coordinator.commitSegments({ ...change, term: 3, checkpoint: '0b' }))).toMatch(
      /^Invalid\/channel/,
    );
    expect(await refusal(coordinator.claimChannel('node-1', 'elanus-dml_1'))).toMatch(
      /^Fenced.*another streaming node holds the channels.*holder=node-2/,
    );
    expect(await coordinator.claimChannel('node-2', 'elanus-dml_1')).toBe(3);
    await coordinator.commitSegments({ ...change, term: 3, update: change.add, add: [], checkpoint: '0b' });
    const restarted = await startCoordinator({ meta });
    const [first, second] = await restarted.coordinator.claimChannels('node-3');
    expect(first!.term).toBe(4);
    expect(second!.term).toBe(5);
  });

  it('changes segments in one step, also those larger than a page', async () => {
    const { coordinator, meta } = await startCoordinator();
    const info = await coordinator.createCollection(creation('books'));
    const { vchannel } = info.vchannels[0]!;
    const make = (id: number, buffers?: number) => segment(info.collectionId, vchannel, id, buffers);
    const commit = (term: number, add: SegmentInfo[], update: SegmentInfo[], removeIds: number[]) =>
      coordinator.commitSegments({ vchannel, term, add, update, removeIds, checkpoint: undefined });
    const held = async () => (await coordinator.claimChannels('n'))[0]!.shards[0]!.segments;
    await commit(1, [make(1), make(2, 30_000), make(3, 30_000)], [], []);
    expect(await held()).toEqual([make(1), make(2, 30_000), make(3, 30_000)]);
    await commit(2, [make(4)], [make(2)], [3, 1]);
    expect(await held()).toEqual([make(2), make(4)]);
    await commit(3, [], [], [2, 4]);
    expect(await meta.range('elanus/catalog/segment/')).toEqual([]);
    expect(await refusal(commit(3, [make(1)], [make(1)], []))).toMatch(/occurs twice.*segmentId=1/);
    const many = Array.from({ length: 91 }, (_, i) => make(100 + i));
    expect(await refusal(commit(3, many, [], []))).toMatch(/^TooLarge/);
    expect(
      await refusal(
        coordinator.commitSegments({
          vchannel: 'x_1v0',
          term: 1,
          add: [],
          update: [],
          removeIds: [],
          checkpoint: '',
        }),
      ),
    ).toMatch(/^NotFound\/channel/);
  });
});

describe('lost replies', () => {
  it.each(['reply', 'request'] as const)('creates a collection once when the %s is lost', async (lose) => {
    const meta = new LossyMeta(memoryMeta());
    const { coordinator, streaming } = await startCoordinator({ meta });
    await coordinator.createCollection(creation('warm'));
    for (let i = 0; i < 16; i++) await coordinator.createCollection(creation(`w${i}`));
    const request = creation('books');
    meta.lose = lose;
    const outcome = await refusal(coordinator.createCollection(request));
    expect(outcome).toMatch(lose === 'reply' ? /^success/ : /^Unknown/);
    const info = await coordinator.createCollection(request);
    expect(streaming.collections.get(info.collectionId)).toEqual(info);
    const { coordinator: again } = await startCoordinator({ meta });
    expect(await again.getCollection('default', 'books')).toEqual(info);
    expect(await again.listCollections('default')).toHaveLength(18);
  });

  it('reads the catalogue again when the outcome of a write stays unknown', async () => {
    const inner = memoryMeta();
    const meta = new LossyMeta(inner);
    const { coordinator } = await startCoordinator({ meta });
    await coordinator.createDatabase({ requestId: '', name: 'shop', properties: [] });
    meta.lose = 'reply';
    expect(await refusal(coordinator.dropDatabase({ requestId: '', name: 'shop' }))).toMatch(/^Unknown/);
    expect((await coordinator.listDatabases()).map((db) => db.name)).toEqual(['default']);
    await coordinator.dropDatabase({ requestId: '', name: 'shop' });
  });

  it('answers a repeat as the first time, and while the first still runs', async () => {
    const { coordinator, streaming } = await startCoordinator();
    const { promise, resolve } = Promise.withResolvers<void>();
    streaming.gate = promise;
    const request = creation('books');
    const first = coordinator.createCollection(request);
    const second = coordinator.createCollection(request);
    resolve();
    expect(await first).toEqual(await second);
    await coordinator.dropCollection({ requestId: '', databaseName: 'default', name: 'books' });
    expect(await coordinator.createCollection(request)).toEqual(await first);
    expect(await coordinator.listCollections('default')).toEqual([]);
    const database = { requestId: 'r1', name: 'shop', properties: [] };
    const made = await coordinator.createDatabase(database);
    expect(await coordinator.createDatabase(database)).toEqual(made);
  });

  it('does not remember a failure', async () => {
    const { coordinator, streaming } = await startCoordinator();
    const request = creation('books');
    streaming.failure = new ElanusError('Unavailable', 'busy');
    expect(await refusal(coordinator.createCollection(request))).toMatch(/^Unavailable/);
    const info = await coordinator.createCollection(request);
    expect(streaming.collections.get(info.collectionId)).toEqual(info);
  });
});

describe('concurrent requests', () => {
  it('makes one collection of many identical requests, and one wins among different ones', async () => {
    const { coordinator, streaming } = await startCoordinator();
    const same = await Promise.all(
      Array.from({ length: 20 }, () => coordinator.createCollection(creation('same'))),
    );
    expect(new Set(same.map((info) => info.collectionId)).size).toBe(1);
    const different = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        refusal(coordinator.createCollection(creation('books', [ID, { ...VECTOR, dim: 2 + i }]))),
      ),
    );
    expect(different.filter((outcome) => outcome === 'success')).toHaveLength(1);
    expect(different.filter((outcome) => outcome.startsWith('AlreadyExists'))).toHaveLength(9);
    expect(streaming.collections.size).toBe(2);
  });

  it('loses no change of one collection', async () => {
    const { coordinator, streaming, meta } = await startCoordinator();
    const { collectionId } = await coordinator.createCollection(creation('books'));
    const changes: Promise<unknown>[] = [];
    for (let i = 0; i < 50; i++) {
      changes.push(coordinator.createPartition({ ...at('books'), name: `p${i}` }));
      changes.push(coordinator.createAlias({ ...at('books'), alias: `a${i}` }));
    }
    changes.push(coordinator.createIndex({ ...at('books'), fieldName: 'vector', indexName: '', params: [] }));
    changes.push(
      coordinator
        .renameCollection({
          requestId: '',
          databaseName: 'default',
          name: 'books',
          newDatabaseName: 'default',
          newName: 'books',
        })
        .catch(() => undefined),
    );
    await Promise.all(changes);
    const info = await coordinator.getCollection('default', 'books');
    expect(info.partitions).toHaveLength(51);
    expect(info.aliases).toHaveLength(50);
    expect(info.indexes).toHaveLength(1);
    expect(streaming.collections.get(collectionId)).toEqual(info);
    const again = await startCoordinator({ meta });
    expect(await again.coordinator.getCollection('default', 'books')).toEqual(info);
  });

  it('drops a database or creates in it, never both', async () => {
    const { coordinator } = await startCoordinator();
    for (let i = 0; i < 10; i++) {
      await coordinator.createDatabase({ requestId: '', name: 'shop', properties: [] });
      const [create, drop] = await Promise.all([
        refusal(coordinator.createCollection({ ...creation('books'), databaseName: 'shop' })),
        refusal(coordinator.dropDatabase({ requestId: '', name: 'shop' })),
      ]);
      expect([create, drop].filter((outcome) => outcome === 'success')).toHaveLength(1);
      await coordinator
        .dropCollection({ requestId: '', databaseName: 'shop', name: 'books' })
        .catch(() => undefined);
      await coordinator.dropDatabase({ requestId: '', name: 'shop' });
    }
  });

  it('does not hold other collections up while a streaming node is slow', async () => {
    const { coordinator, streaming } = await startCoordinator();
    await coordinator.createCollection(creation('quick'));
    const { promise, resolve } = Promise.withResolvers<void>();
    streaming.gate = promise;
    const slow = coordinator.createCollection(creation('slow'));
    await Promise.resolve();
    streaming.gate = Promise.resolve();
    await coordinator.createPartition({ ...at('quick'), name: 'p' });
    await coordinator.createCollection(creation('third'));
    resolve();
    await slow;
    expect(await coordinator.listCollections('default')).toHaveLength(3);
  });
});
