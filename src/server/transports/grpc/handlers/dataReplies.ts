import type {
  MutationReply,
  OutputColumn,
  QueryReply,
  SearchReply,
} from '../../../../core/access/requests.ts';
import type { MutationResult, QueryResults, SearchResults } from '../../../../gen/milvus/milvus.ts';
import { success } from '../status.ts';
import type { DataCodec } from './dataCodec.ts';
import { packedCount, packedFloats, packedVarints } from './packedNumbers.ts';

const NOTHING = new Uint8Array(0);

export function mutationResult(reply: MutationReply, codec: DataCodec): MutationResult {
  return {
    status: success(),
    IDs: reply.keys === undefined ? NOTHING : codec.encodeIds(reply.keys),
    succIndex: packedCount(reply.rows),
    errIndex: NOTHING,
    acknowledged: false,
    insertCnt: BigInt(reply.insertCount),
    deleteCnt: BigInt(reply.deleteCount),
    upsertCnt: BigInt(reply.upsertCount),
    timestamp: reply.timestamp,
  };
}

export function searchResults(reply: SearchReply, codec: DataCodec): SearchResults {
  return {
    status: success(),
    collectionName: reply.collectionName,
    sessionTs: reply.sessionTs,
    results: {
      numQueries: BigInt(reply.queryCount),
      topK: BigInt(reply.topK),
      fieldsData: fieldsData(reply.columns, codec),
      scores: packedFloats(reply.scores),
      ids: codec.encodeIds(reply.keys),
      topks: packedVarints(reply.counts),
      outputFields: reply.outputFields,
      groupByFieldValue: NOTHING,
      allSearchCount: 0n,
      distances: NOTHING,
      searchIteratorV2Results: reply.iterator,
      recalls: NOTHING,
      primaryFieldName: reply.primaryFieldName,
      highlightResults: [],
      elementIndices: NOTHING,
      groupByFieldValues: [],
      aggBuckets: [],
      aggTopks: NOTHING,
    },
  };
}

export function queryResults(reply: QueryReply, codec: DataCodec): QueryResults {
  return {
    status: success(),
    fieldsData: fieldsData(reply.columns, codec),
    collectionName: reply.collectionName,
    outputFields: reply.outputFields,
    sessionTs: reply.sessionTs,
    primaryFieldName: reply.primaryFieldName,
    elementIndices: [],
  };
}

function fieldsData(columns: readonly OutputColumn[], codec: DataCodec): Uint8Array[] {
  return columns.map(({ field, column }) => codec.encodeFieldData(field, column));
}
