import { ElanusError } from '../domain/errors.ts';
import { deleteRows } from './deleteRows.ts';
import type { AccessDependencies, AccessOptions } from './dependencies.ts';
import { FilterPlans } from './filterPlans.ts';
import { hybridSearch } from './hybridSearch.ts';
import { insertRows } from './insertRows.ts';
import { LoadGate } from './loadGate.ts';
import { queryRows } from './queryRows.ts';
import type {
  DeleteRequest,
  HybridSearchRequest,
  InsertRequest,
  MutationReply,
  QueryReply,
  QueryRequest,
  SearchReply,
  SearchRequest,
  UpsertRequest,
} from './requests.ts';
import { searchRows } from './searchRows.ts';
import { upsertRows } from './upsertRows.ts';

/**
 * The data path of the access role: checks requests, routes writes to the owners of shards and merges what they answer.
 * It holds no state but parsed filters. Errors by kind: Invalid, NotFound, NotLoaded, SchemaMismatch, Exhausted, and
 * those of CoordinatorService and StreamingService.
 */
export class DataAccess {
  readonly #deps: AccessDependencies;
  readonly #gate: LoadGate;
  readonly #plans: FilterPlans;

  constructor(deps: AccessDependencies, options: AccessOptions) {
    this.#deps = deps;
    this.#gate = new LoadGate(deps, options);
    this.#plans = new FilterPlans(options.cachedPlansMax);
  }

  insert(request: InsertRequest): Promise<MutationReply> {
    return insertRows(this.#deps, request);
  }

  upsert(request: UpsertRequest): Promise<MutationReply> {
    return upsertRows(this.#deps, this.#gate, request);
  }

  delete(request: DeleteRequest): Promise<MutationReply> {
    return deleteRows(this.#deps, this.#gate, this.#plans, request);
  }

  search(request: SearchRequest): Promise<SearchReply> {
    return onCurrentSchema(() => searchRows(this.#deps, this.#gate, this.#plans, request));
  }

  hybridSearch(request: HybridSearchRequest): Promise<SearchReply> {
    return onCurrentSchema(() => hybridSearch(this.#deps, this.#gate, this.#plans, request));
  }

  query(request: QueryRequest): Promise<QueryReply> {
    return onCurrentSchema(() => queryRows(this.#deps, this.#gate, this.#plans, request));
  }
}

/** A read that met a schema change half-way is done once more: it begins by getting the collection as it is now. */
async function onCurrentSchema<Reply>(read: () => Promise<Reply>): Promise<Reply> {
  try {
    return await read();
  } catch (caught) {
    const error = ElanusError.from(caught);
    if (error.kind !== 'SchemaMismatch') throw error;
    return read();
  }
}
