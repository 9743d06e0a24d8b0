import type { DataAccess } from '../../../../core/access/dataAccess.ts';
import type { Logger } from '../../../../core/ports/logger.ts';
import * as messages from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { bindings } from '../registry.ts';
import type { UnaryHandlers } from '../unaryMethods.ts';
import type { DataCodec } from './dataCodec.ts';
import { mutationResult, queryResults, searchResults } from './dataReplies.ts';
import {
  deleteRequest,
  hybridSearchRequest,
  insertRequest,
  queryRequest,
  searchRequest,
  upsertRequest,
} from './dataRequests.ts';

export interface DataServices {
  readonly access: DataAccess;
  readonly codec: DataCodec;
  readonly logger: Logger;
}

/** Handlers of the data RPCs by name; errors are in the reply's status. */
export function dataHandlers(services: DataServices): UnaryHandlers {
  const { replying } = bindings(services);
  return {
    Insert: replying(insert, messages.MutationResult),
    Upsert: replying(upsert, messages.MutationResult),
    Delete: replying(deleteRows, messages.MutationResult),
    Search: replying(search, messages.SearchResults),
    HybridSearch: replying(hybridSearch, messages.SearchResults),
    Query: replying(query, messages.QueryResults),
  };
}

async function insert(
  { access, codec }: DataServices,
  request: messages.InsertRequest,
  context: CallContext,
): Promise<messages.MutationResult> {
  return mutationResult(await access.insert(insertRequest(request, context, codec)), codec);
}

async function upsert(
  { access, codec }: DataServices,
  request: messages.UpsertRequest,
  context: CallContext,
): Promise<messages.MutationResult> {
  return mutationResult(await access.upsert(upsertRequest(request, context, codec)), codec);
}

async function deleteRows(
  { access, codec }: DataServices,
  request: messages.DeleteRequest,
  context: CallContext,
): Promise<messages.MutationResult> {
  return mutationResult(await access.delete(deleteRequest(request, context)), codec);
}

async function search(
  { access, codec }: DataServices,
  request: messages.SearchRequest,
  context: CallContext,
): Promise<messages.SearchResults> {
  return searchResults(await access.search(searchRequest(request, context, codec)), codec);
}

async function hybridSearch(
  { access, codec }: DataServices,
  request: messages.HybridSearchRequest,
  context: CallContext,
): Promise<messages.SearchResults> {
  return searchResults(await access.hybridSearch(hybridSearchRequest(request, context, codec)), codec);
}

async function query(
  { access, codec }: DataServices,
  request: messages.QueryRequest,
  context: CallContext,
): Promise<messages.QueryResults> {
  return queryResults(await access.query(queryRequest(request, context)), codec);
}
