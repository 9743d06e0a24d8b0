import { isVectorType } from '../../../../core/domain/dataTypes.ts';
import { invalid } from '../../../../core/domain/errors.ts';
import { fieldById } from '../../../../core/domain/schema.ts';
import type { CompactionState as Compaction } from '../../../../core/streaming/service.ts';
import { CompactionState, SegmentLevel, SegmentState } from '../../../../gen/milvus/common.ts';
import {
  CompactionMergeInfo,
  type GetCompactionPlansRequest,
  type GetCompactionPlansResponse,
  type GetCompactionStateRequest,
  GetCompactionStateResponse,
  type GetPersistentSegmentInfoRequest,
  type GetPersistentSegmentInfoResponse,
  type GetQuerySegmentInfoRequest,
  type GetQuerySegmentInfoResponse,
  type ManualCompactionRequest,
  type ManualCompactionResponse,
  PersistentSegmentInfo,
  QuerySegmentInfo,
} from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { collectionOf } from '../requestContext.ts';
import type { DefinitionServices } from '../services.ts';
import { NODE_ID } from '../services.ts';
import { segmentsOf } from '../shardFacts.ts';
import { success } from '../status.ts';

export async function manualCompaction(
  services: DefinitionServices,
  request: ManualCompactionRequest,
  context: CallContext,
): Promise<ManualCompactionResponse> {
  if (request.majorCompaction) {
    throw invalid('clustering compaction (majorCompaction) is not supported');
  }
  const { collectionId } = await collectionOf(services, request, context);
  await segmentsOf(services, collectionId); // refuses a collection that is not whole
  const requestId = services.random.uuid();
  const { compactionId, plans } = await services.streaming.compact({ requestId, collectionId });
  return { status: success(), compactionID: BigInt(compactionId), compactionPlanCount: plans.length };
}

export async function getCompactionState(
  { streaming }: DefinitionServices,
  request: GetCompactionStateRequest,
): Promise<GetCompactionStateResponse> {
  const compaction = await streaming.compactionState(Number(request.compactionID));
  const plans = BigInt(compaction.plans.length);
  const isDone = compaction.state === 'Completed';
  return GetCompactionStateResponse.fromPartial({
    status: success(),
    state: wireState(compaction),
    executingPlanNo: isDone ? 0n : plans,
    completedPlanNo: isDone ? plans : 0n,
  });
}

export async function getCompactionStateWithPlans(
  { streaming }: DefinitionServices,
  request: GetCompactionPlansRequest,
): Promise<GetCompactionPlansResponse> {
  const compaction = await streaming.compactionState(Number(request.compactionID));
  const mergeInfos = compaction.plans.map(({ sources, target }) =>
    CompactionMergeInfo.fromPartial({ sources: sources.map(BigInt), target: BigInt(target) }),
  );
  return { status: success(), state: wireState(compaction), mergeInfos };
}

function wireState({ state }: Compaction): CompactionState {
  return state === 'Completed' ? CompactionState.Completed : CompactionState.Executing;
}

/** Segments that do not grow any more; a sealed one becomes flushed, and then is as sorted as it will be. */
export async function getPersistentSegmentInfo(
  services: DefinitionServices,
  request: GetPersistentSegmentInfoRequest,
  context: CallContext,
): Promise<GetPersistentSegmentInfoResponse> {
  const { collectionId } = await collectionOf(services, request, context);
  const infos = [];
  for (const segment of await segmentsOf(services, collectionId)) {
    const state = SegmentState[segment.state];
    if (segment.state === 'Growing') continue;
    if (request.states.length > 0 && !request.states.includes(state)) continue;
    infos.push(
      PersistentSegmentInfo.fromPartial({
        segmentID: BigInt(segment.segmentId),
        collectionID: BigInt(collectionId),
        partitionID: BigInt(segment.partitionId),
        numRows: BigInt(segment.rows),
        state,
        level: SegmentLevel.L1,
        isSorted: segment.state === 'Flushed',
        insertChannel: segment.vchannel,
      }),
    );
  }
  return { status: success(), infos };
}

/** What is served: nothing of a collection that is not loaded. */
export async function getQuerySegmentInfo(
  services: DefinitionServices,
  request: GetQuerySegmentInfoRequest,
  context: CallContext,
): Promise<GetQuerySegmentInfoResponse> {
  const info = await collectionOf(services, request, context);
  if (info.load.state !== 'loaded') return { status: success(), infos: [] };
  const index = info.indexes.find(({ fieldId }) => {
    const field = fieldById(info.schema, fieldId);
    return field !== undefined && isVectorType(field.dataType);
  });
  const infos = (await segmentsOf(services, info.collectionId)).map((segment) =>
    QuerySegmentInfo.fromPartial({
      segmentID: BigInt(segment.segmentId),
      collectionID: BigInt(info.collectionId),
      partitionID: BigInt(segment.partitionId),
      memSize: BigInt(segment.memoryBytes),
      numRows: BigInt(segment.rows),
      indexName: index?.indexName ?? '',
      indexID: BigInt(index?.indexId ?? 0),
      nodeID: NODE_ID,
      state: SegmentState[segment.state],
      nodeIds: [NODE_ID],
      level: SegmentLevel.L1,
      isSorted: segment.state === 'Flushed',
    }),
  );
  return { status: success(), infos };
}
