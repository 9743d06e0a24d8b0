import type { CoordinatorService } from '../../core/coordinator/service.ts';
import type { DataService } from '../../core/data/service.ts';
import type { QueryService } from '../../core/query/service.ts';
import type { StreamingService } from '../../core/streaming/service.ts';

/** The methods of each service, for links that must know them; a missing one does not compile. */
function methodsOf<Service>(methods: Record<keyof Service, true>): readonly (keyof Service & string)[] {
  return Object.keys(methods) as (keyof Service & string)[];
}

export const COORDINATOR_METHODS = methodsOf<CoordinatorService>({
  allocTimestamps: true,
  allocRowIds: true,
  allocIds: true,
  createDatabase: true,
  dropDatabase: true,
  alterDatabase: true,
  listDatabases: true,
  describeDatabase: true,
  createCollection: true,
  dropCollection: true,
  getCollection: true,
  getCollectionById: true,
  listCollections: true,
  renameCollection: true,
  alterCollection: true,
  alterField: true,
  addField: true,
  truncateCollection: true,
  createAlias: true,
  dropAlias: true,
  alterAlias: true,
  createPartition: true,
  dropPartition: true,
  createIndex: true,
  dropIndex: true,
  alterIndex: true,
  setLoad: true,
  getCluster: true,
  claimChannels: true,
  claimChannel: true,
  commitSegments: true,
});

export const STREAMING_METHODS = methodsOf<StreamingService>({
  updateCollection: true,
  dropCollection: true,
  truncateCollection: true,
  write: true,
  search: true,
  query: true,
  flush: true,
  shardStates: true,
  compact: true,
  compactionState: true,
});

export const QUERY_METHODS = methodsOf<QueryService>({
  loadSegments: true,
  releaseSegments: true,
  search: true,
  query: true,
  segmentStates: true,
});

export const DATA_METHODS = methodsOf<DataService>({ buildIndex: true, compact: true });
