import { ElanusError } from '../../../core/domain/errors.ts';
import type { Logger } from '../../../core/ports/logger.ts';
import type { Status } from '../../../gen/milvus/common.ts';
import * as messages from '../../../gen/milvus/milvus.ts';
import type { CallContext } from './callContext.ts';
import * as aliases from './handlers/aliases.ts';
import * as collections from './handlers/collections.ts';
import * as connection from './handlers/connection.ts';
import * as databases from './handlers/databases.ts';
import * as descriptions from './handlers/describeCollections.ts';
import * as flushing from './handlers/flushing.ts';
import * as indexes from './handlers/indexes.ts';
import * as loading from './handlers/loading.ts';
import * as partitions from './handlers/partitions.ts';
import * as segments from './handlers/segments.ts';
import type { DefinitionServices } from './services.ts';
import { failure } from './status.ts';
import type { UnaryHandler, UnaryHandlers } from './unaryMethods.ts';

/**
 * Handlers of definition RPCs by name (those of data: handlers/data.ts). One that is in neither is answered UNIMPLEMENTED: AlterCollectionSchema among
 * them, so that clients fall back to AddCollectionField.
 */
export function definitionHandlers(services: DefinitionServices): UnaryHandlers {
  const { plain, replying } = bindings(services);
  return {
    Connect: replying(connection.connect, messages.ConnectResponse),
    GetVersion: replying(connection.getVersion, messages.GetVersionResponse),
    CheckHealth: replying(connection.checkHealth, messages.CheckHealthResponse),
    AllocTimestamp: replying(connection.allocTimestamp, messages.AllocTimestampResponse),
    GetComponentStates: replying(connection.getComponentStates, messages.ComponentStates),
    GetMetrics: replying(connection.getMetrics, messages.GetMetricsResponse),
    Dummy: (request: messages.DummyRequest) => connection.dummy(services, request),

    CreateDatabase: plain(databases.createDatabase),
    DropDatabase: plain(databases.dropDatabase),
    AlterDatabase: plain(databases.alterDatabase),
    ListDatabases: replying(databases.listDatabases, messages.ListDatabasesResponse),
    DescribeDatabase: replying(databases.describeDatabase, messages.DescribeDatabaseResponse),

    CreateCollection: plain(collections.createCollection),
    DropCollection: plain(collections.dropCollection),
    HasCollection: replying(collections.hasCollection, messages.BoolResponse),
    RenameCollection: plain(collections.renameCollection),
    AlterCollection: plain(collections.alterCollection),
    AlterCollectionField: plain(collections.alterCollectionField),
    AddCollectionField: plain(collections.addCollectionField),
    TruncateCollection: replying(collections.truncateCollection, messages.TruncateCollectionResponse),
    DescribeCollection: replying(descriptions.describeCollection, messages.DescribeCollectionResponse),
    BatchDescribeCollection: replying(
      descriptions.batchDescribeCollection,
      messages.BatchDescribeCollectionResponse,
    ),
    ShowCollections: replying(descriptions.showCollections, messages.ShowCollectionsResponse),
    GetCollectionStatistics: replying(
      descriptions.getCollectionStatistics,
      messages.GetCollectionStatisticsResponse,
    ),

    CreateAlias: plain(aliases.createAlias),
    DropAlias: plain(aliases.dropAlias),
    AlterAlias: plain(aliases.alterAlias),
    DescribeAlias: replying(aliases.describeAlias, messages.DescribeAliasResponse),
    ListAliases: replying(aliases.listAliases, messages.ListAliasesResponse),

    CreatePartition: plain(partitions.createPartition),
    DropPartition: plain(partitions.dropPartition),
    HasPartition: replying(partitions.hasPartition, messages.BoolResponse),
    ShowPartitions: replying(partitions.showPartitions, messages.ShowPartitionsResponse),
    GetPartitionStatistics: replying(
      partitions.getPartitionStatistics,
      messages.GetPartitionStatisticsResponse,
    ),

    CreateIndex: plain(indexes.createIndex),
    DropIndex: plain(indexes.dropIndex),
    AlterIndex: plain(indexes.alterIndex),
    DescribeIndex: replying(indexes.describeIndex, messages.DescribeIndexResponse),
    GetIndexStatistics: replying(indexes.getIndexStatistics, messages.GetIndexStatisticsResponse),
    GetIndexState: replying(indexes.getIndexState, messages.GetIndexStateResponse),
    GetIndexBuildProgress: replying(indexes.getIndexBuildProgress, messages.GetIndexBuildProgressResponse),

    LoadCollection: plain(loading.loadCollection),
    ReleaseCollection: plain(loading.releaseCollection),
    LoadPartitions: plain(loading.loadPartitions),
    ReleasePartitions: plain(loading.releasePartitions),
    GetLoadingProgress: replying(loading.getLoadingProgress, messages.GetLoadingProgressResponse),
    GetLoadState: replying(loading.getLoadState, messages.GetLoadStateResponse),
    GetReplicas: replying(loading.getReplicas, messages.GetReplicasResponse),

    Flush: replying(flushing.flush, messages.FlushResponse),
    GetFlushState: replying(flushing.getFlushState, messages.GetFlushStateResponse),
    FlushAll: replying(flushing.flushAll, messages.FlushAllResponse),
    GetFlushAllState: replying(flushing.getFlushAllState, messages.GetFlushAllStateResponse),
    ManualCompaction: replying(segments.manualCompaction, messages.ManualCompactionResponse),
    GetCompactionState: replying(segments.getCompactionState, messages.GetCompactionStateResponse),
    GetCompactionStateWithPlans: replying(
      segments.getCompactionStateWithPlans,
      messages.GetCompactionPlansResponse,
    ),
    GetPersistentSegmentInfo: replying(
      segments.getPersistentSegmentInfo,
      messages.GetPersistentSegmentInfoResponse,
    ),
    GetQuerySegmentInfo: replying(segments.getQuerySegmentInfo, messages.GetQuerySegmentInfoResponse),
  };
}

type Handler<Services, Request, Reply> = (
  services: Services,
  request: Request,
  context: CallContext,
) => Promise<Reply>;

interface StatusReply<Reply> {
  fromPartial(partial: { status: Status }): Reply;
}

/** Turns handlers, which throw, into those the server calls, which answer errors in the reply's status. */
export function bindings<Services extends { readonly logger: Logger }>(services: Services) {
  function bound<Request, Reply>(
    handler: Handler<Services, Request, Reply>,
    failed: (status: Status) => Reply,
  ): UnaryHandler {
    return async (request: Request, context: CallContext) => {
      try {
        return await handler(services, request, context);
      } catch (caught) {
        return failed(failedStatus(caught, services.logger));
      }
    };
  }
  return {
    /** The reply is a Status itself. */
    plain: <Request>(handler: Handler<Services, Request, Status>) => bound(handler, (status) => status),
    /** The reply has a field `status`. */
    replying: <Request, Reply>(handler: Handler<Services, Request, Reply>, reply: StatusReply<Reply>) =>
      bound(handler, (status) => reply.fromPartial({ status })),
  };
}

/** Throws what is not built, which the server answers UNIMPLEMENTED, unless it is only a part of the request. */
function failedStatus(caught: unknown, logger: Logger): Status {
  const error = ElanusError.from(caught);
  if (error.kind === 'Unsupported' && error.subject !== 'parameter') throw error;
  if (error.kind === 'Internal' || error.kind === 'Corrupt') {
    logger.error('a request failed', { kind: error.kind, error: error.text, stack: error.stack });
  }
  return failure(error);
}
