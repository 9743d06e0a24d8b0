import type { LoadChange } from '../../../../core/coordinator/service.ts';
import type { CollectionInfo } from '../../../../core/domain/catalog.ts';
import { ElanusError, invalid } from '../../../../core/domain/errors.ts';
import type { Status } from '../../../../gen/milvus/common.ts';
import { LoadState } from '../../../../gen/milvus/common.ts';
import {
  type GetLoadingProgressRequest,
  type GetLoadingProgressResponse,
  type GetLoadStateRequest,
  type GetLoadStateResponse,
  type GetReplicasRequest,
  GetReplicasResponse,
  type LoadCollectionRequest,
  type LoadPartitionsRequest,
  type ReleaseCollectionRequest,
  type ReleasePartitionsRequest,
} from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { collectionOf, databaseOf } from '../requestContext.ts';
import type { DefinitionServices } from '../services.ts';
import { NODE_ID } from '../services.ts';
import { loadedPercent } from '../shardFacts.ts';
import { success } from '../status.ts';
import { isLoaded, partitionOf } from './partitions.ts';

const DEFAULT_RESOURCE_GROUP = '__default_resource_group';

interface LoadRequest {
  readonly dbName: string;
  readonly collectionName: string;
  readonly replicaNumber: number;
  readonly resourceGroups: readonly string[];
  readonly refresh: boolean;
  readonly loadParams: Readonly<Record<string, string>>;
}

/** There is one node and nothing to choose, so that its priority changes nothing. */
const LOAD_PARAMS: ReadonlySet<string> = new Set(['load_priority']);

export async function loadCollection(
  services: DefinitionServices,
  request: LoadCollectionRequest,
  context: CallContext,
): Promise<Status> {
  return load(services, request, undefined, context);
}

export async function loadPartitions(
  services: DefinitionServices,
  request: LoadPartitionsRequest,
  context: CallContext,
): Promise<Status> {
  return load(services, request, request.partitionNames, context);
}

/** All fields are always loaded, so a choice of fields changes nothing. A refresh of what is loaded has nothing to do. */
async function load(
  services: DefinitionServices,
  request: LoadRequest,
  partitionNames: readonly string[] | undefined,
  context: CallContext,
): Promise<Status> {
  const other = request.resourceGroups.find((group) => group !== DEFAULT_RESOURCE_GROUP);
  if (other !== undefined) {
    throw invalid('resource group not found', { resourceGroup: other, existing: DEFAULT_RESOURCE_GROUP });
  }
  const unknown = Object.keys(request.loadParams).find((key) => !LOAD_PARAMS.has(key));
  if (unknown !== undefined) {
    throw invalid(`load_params ${unknown} is not supported`, { [unknown]: request.loadParams[unknown] });
  }
  if (request.refresh) {
    refuseUnloaded(await collectionOf(services, request, context), partitionNames ?? []);
    return success();
  }
  const { replicaNumber } = request;
  return setLoad(services, request, { action: 'load', partitionNames, replicaNumber }, context);
}

export async function releaseCollection(
  services: DefinitionServices,
  request: ReleaseCollectionRequest,
  context: CallContext,
): Promise<Status> {
  const change: LoadChange = { action: 'release', partitionNames: undefined, replicaNumber: 0 };
  return setLoad(services, request, change, context);
}

export async function releasePartitions(
  services: DefinitionServices,
  request: ReleasePartitionsRequest,
  context: CallContext,
): Promise<Status> {
  const { partitionNames } = request;
  return setLoad(services, request, { action: 'release', partitionNames, replicaNumber: 0 }, context);
}

async function setLoad(
  { coordinator, random }: DefinitionServices,
  request: { readonly dbName: string; readonly collectionName: string },
  change: LoadChange,
  context: CallContext,
): Promise<Status> {
  await coordinator.setLoad({
    requestId: random.uuid(),
    databaseName: databaseOf(request.dbName, context),
    collection: request.collectionName,
    load: change,
  });
  return success();
}

export async function getLoadingProgress(
  services: DefinitionServices,
  request: GetLoadingProgressRequest,
  context: CallContext,
): Promise<GetLoadingProgressResponse> {
  const info = await collectionOf(services, request, context);
  refuseUnloaded(info, request.partitionNames);
  const progress = BigInt(await loadedPercent(services, info));
  return { status: success(), progress, refreshProgress: progress };
}

/** Errors: NotLoaded (collection, partition), NotFound partition. */
function refuseUnloaded(info: CollectionInfo, partitionNames: readonly string[]): void {
  const collection = info.schema.name;
  if (info.load.state !== 'loaded') {
    throw new ElanusError('NotLoaded', 'collection not loaded', {
      subject: 'collection',
      context: { collection },
    });
  }
  for (const partition of partitionNames) {
    if (isLoaded(info, partitionOf(info, partition))) continue;
    throw new ElanusError('NotLoaded', 'partition not loaded', {
      subject: 'partition',
      context: { collection, partition },
    });
  }
}

/** A missing collection is a state, not an error. */
export async function getLoadState(
  services: DefinitionServices,
  request: GetLoadStateRequest,
  context: CallContext,
): Promise<GetLoadStateResponse> {
  try {
    const info = await collectionOf(services, request, context);
    return { status: success(), state: await loadState(services, info, request.partitionNames) };
  } catch (caught) {
    const error = ElanusError.from(caught);
    if (error.kind !== 'NotFound' || error.subject !== 'collection') throw error;
    return { status: success(), state: LoadState.LoadStateNotExist };
  }
}

async function loadState(
  services: DefinitionServices,
  info: CollectionInfo,
  partitionNames: readonly string[],
): Promise<LoadState> {
  const partitions = partitionNames.map((name) => partitionOf(info, name));
  const wished = info.load.state === 'loaded' && partitions.every((partition) => isLoaded(info, partition));
  if (!wished) return LoadState.LoadStateNotLoad;
  const percent = await loadedPercent(services, info);
  return percent === 100 ? LoadState.LoadStateLoaded : LoadState.LoadStateLoading;
}

/** One replica, on the one node there is, of what is loaded. */
export async function getReplicas(
  services: DefinitionServices,
  request: GetReplicasRequest,
  context: CallContext,
): Promise<GetReplicasResponse> {
  const info = await collectionOf(services, request, context);
  if (info.load.state !== 'loaded') return GetReplicasResponse.fromPartial({ status: success() });
  const partitionIds = info.load.partitionIds ?? info.partitions.map((partition) => partition.partitionId);
  const replica = {
    replicaID: BigInt(info.collectionId),
    collectionID: BigInt(info.collectionId),
    partitionIds: partitionIds.map(BigInt),
    shardReplicas: info.vchannels.map(({ vchannel }) => ({
      leaderID: NODE_ID,
      leaderAddr: services.server.address,
      dmChannelName: vchannel,
      nodeIds: [NODE_ID],
    })),
    nodeIds: [NODE_ID],
    resourceGroupName: DEFAULT_RESOURCE_GROUP,
    numOutboundNode: {},
  };
  return GetReplicasResponse.fromPartial({ status: success(), replicas: [replica] });
}
