import { ElanusError } from '../domain/errors.ts';
import { RequestMemory } from '../domain/requestMemory.ts';
import { alterAlias, createAlias, dropAlias } from './aliases.ts';
import { IdAllocator, TimestampAllocator } from './allocators.ts';
import { addField, alterCollection, alterField, truncateCollection } from './alterCollection.ts';
import { Catalog } from './catalog.ts';
import { CatalogStore } from './catalogStore.ts';
import { ChannelClaims } from './channelClaims.ts';
import { ensureClusterId } from './clusterId.ts';
import type { CoordinatorContext, CoordinatorDependencies } from './context.ts';
import { createCollection } from './createCollection.ts';
import { alterDatabase, createDatabase, dropDatabase } from './databases.ts';
import { clearDropped, dropCollection } from './dropCollection.ts';
import { alterIndex, createIndex, dropIndex } from './indexes.ts';
import { KeyedLock } from './keyedLock.ts';
import { IDS_KEY, ROW_IDS_KEY, TIMESTAMPS_KEY } from './keys.ts';
import { setLoad } from './loading.ts';
import { createPartition, dropPartition } from './partitions.ts';
import { ensureDefaultDatabase, readCatalog } from './recovery.ts';
import { renameCollection } from './renameCollection.ts';
import { claimChannels, commitSegments } from './segments.ts';
import type { CoordinatorService } from './service.ts';
import { pchannelNames } from './shards.ts';

export type { CoordinatorDependencies, CoordinatorSettings } from './context.ts';

export interface Coordinator extends CoordinatorService {
  /**
   * Takes the catalogue over (every other coordinator is fenced) and reads it. To be called once, before anything else.
   * Errors: Corrupt, Unavailable, those of the meta store.
   */
  start(): Promise<void>;
  /** Clears what collections dropped before the last stop left; for after the streaming node has claimed its channels. */
  clearDropped(): Promise<void>;
}

const REQUESTS_REMEMBERED = 1_024;
const IDS_A_WRITE = 1_000n;
const ROW_IDS_A_WRITE = 1n << 20n;

export function createCoordinator(dependencies: CoordinatorDependencies): Coordinator {
  const store = new CatalogStore(dependencies.meta);
  const locks = new KeyedLock();
  const catalog = new Catalog();
  const rowIds = new IdAllocator(store, ROW_IDS_KEY, ROW_IDS_A_WRITE, 2 ** 32);
  const ids = new IdAllocator(store, IDS_KEY, IDS_A_WRITE, 100_000);
  const timestamps = new TimestampAllocator(store, TIMESTAMPS_KEY, dependencies.clock);
  const start = new Startup();
  let clusterId = '';
  const context: CoordinatorContext = {
    settings: dependencies.settings,
    logger: dependencies.logger.child('coordinator'),
    store,
    catalog,
    locks,
    requests: new RequestMemory(REQUESTS_REMEMBERED),
    channels: new ChannelClaims(store, locks),
    timestamps,
    ids,
    applied: new Map(),
    segmentPages: new Map(),
    streaming: dependencies.streaming,
    ready: async () => {
      start.check();
      if (store.uncertain) await start.reread(context);
    },
  };

  return {
    start: async () => {
      await store.takeOver();
      await Promise.all([timestamps.recover(), ids.recover(), rowIds.recover(), readCatalog(context)]);
      await ensureDefaultDatabase(context);
      clusterId = await ensureClusterId(store, dependencies.random);
      start.isDone = true;
    },
    clearDropped: async () => {
      await context.ready();
      await clearDropped(context);
    },
    getCluster: async () => {
      start.check();
      const pchannels = pchannelNames(dependencies.settings.pchannels);
      return { clusterId, channels: pchannels.map((name) => context.channels.next(name)) };
    },
    allocTimestamps: async (count) => {
      start.check();
      return timestamps.allocate(count);
    },
    allocRowIds: async (count) => {
      start.check();
      return rowIds.allocate(count);
    },
    allocIds: async (count) => {
      start.check();
      return Number(await ids.allocate(count));
    },
    createDatabase: async (request) => createDatabase(context, request),
    dropDatabase: async (request) => dropDatabase(context, request),
    alterDatabase: async (request) => alterDatabase(context, request),
    listDatabases: async () => {
      await context.ready();
      return [...catalog.databases()].map((entry) => entry.info);
    },
    describeDatabase: async (name) => {
      await context.ready();
      return catalog.database(name).info;
    },
    createCollection: async (request) => createCollection(context, request),
    dropCollection: async (request) => dropCollection(context, request),
    getCollection: async (databaseName, nameOrAlias) => {
      await context.ready();
      return catalog.collection(databaseName, nameOrAlias).info;
    },
    getCollectionById: async (collectionId) => {
      await context.ready();
      return catalog.byId(collectionId).info;
    },
    listCollections: async (databaseName) => {
      await context.ready();
      return collectionsOf(catalog, databaseName);
    },
    renameCollection: async (request) => renameCollection(context, request),
    alterCollection: async (request) => alterCollection(context, request),
    alterField: async (request) => alterField(context, request),
    addField: async (request) => addField(context, request),
    truncateCollection: async (request) => truncateCollection(context, request),
    createAlias: async (request) => createAlias(context, request),
    dropAlias: async (request) => dropAlias(context, request),
    alterAlias: async (request) => alterAlias(context, request),
    createPartition: async (request) => createPartition(context, request),
    dropPartition: async (request) => dropPartition(context, request),
    createIndex: async (request) => createIndex(context, request),
    dropIndex: async (request) => dropIndex(context, request),
    alterIndex: async (request) => alterIndex(context, request),
    setLoad: async (request) => setLoad(context, request),
    claimChannels: async (nodeId) => claimChannels(context, nodeId),
    claimChannel: async (nodeId, pchannel) => {
      await context.ready();
      return context.channels.claimAgain(nodeId, pchannel);
    },
    commitSegments: async (change) => commitSegments(context, change),
  };
}

/** In the order of creation. Error: NotFound database. */
function collectionsOf(catalog: Catalog, databaseName: string) {
  const { names } = catalog.database(databaseName);
  const ids = [...names.values()].filter((name) => !name.isAlias).map((name) => name.collectionId);
  return ids.sort((a, b) => a - b).map((collectionId) => catalog.byId(collectionId).info);
}

/** Whether the coordinator has started, and at most one re-reading of the catalogue at a time. */
class Startup {
  isDone = false;
  #reading: Promise<void> | undefined;

  check(): void {
    if (!this.isDone) throw new ElanusError('Unavailable', 'the coordinator is starting');
  }

  async reread(context: CoordinatorContext): Promise<void> {
    this.#reading ??= this.#reread(context);
    await this.#reading;
  }

  async #reread(context: CoordinatorContext): Promise<void> {
    try {
      context.store.settled(); // before reading: a write that becomes uncertain meanwhile asks for another one
      await readCatalog(context);
    } catch (error) {
      context.store.doubt();
      throw error;
    } finally {
      this.#reading = undefined;
    }
  }
}
