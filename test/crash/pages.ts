import { BinaryReader } from '@bufbuild/protobuf/wire';
import { type Client, credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import {
  type KeyValuePair,
  PlaceholderGroup,
  PlaceholderType,
  type Status,
} from '../../src/gen/milvus/common.ts';
import {
  MilvusServiceService,
  QueryRequest,
  type QueryResults,
  SearchRequest,
  type SearchResults,
} from '../../src/gen/milvus/milvus.ts';
import { FieldData, IDs } from '../../src/gen/milvus/schema.ts';

/** One page: keys, and the versions of the rows behind them. */
export interface Page {
  readonly sessionTs: bigint;
  readonly ids: readonly number[];
  readonly versions: readonly number[];
  readonly scores: readonly number[];
}

export interface SearchPage extends Page {
  readonly token: string;
  readonly lastBound: number;
}

type Call = (request: unknown, done: (error: Error | null, reply: unknown) => void) => void;

const CALL_TIMEOUT_MS = 20_000;
const MilvusWire = makeGenericClientConstructor(MilvusServiceService, 'MilvusService');

/** Pages of iterators as pymilvus asks for them: the Node SDK does not read its pages at one timestamp. */
export class PageReader {
  readonly #client: Client & Readonly<Record<string, Call>>;
  readonly #collection: string;

  constructor(address: string, collection: string) {
    const client: unknown = new MilvusWire(address, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 200,
    });
    this.#client = client as Client & Readonly<Record<string, Call>>;
    this.#collection = collection;
  }

  close(): void {
    this.#client.close();
  }

  /** Rows with a key above `after`, ascending. `sessionTs` 0n: the first page. */
  async query(after: number, batch: number, sessionTs: bigint): Promise<Page> {
    const request = QueryRequest.fromPartial({
      collectionName: this.#collection,
      expr: `id > ${after}`,
      outputFields: ['id', 'version'],
      guaranteeTimestamp: sessionTs,
      queryParams: pairs({ limit: batch, iterator: 'True', reduce_stop_for_best: 'True' }),
    });
    const reply = (await this.#call('query', request)) as QueryResults;
    const [ids, versions] = ['id', 'version'].map((name) => longs(reply.fieldsData, name));
    return { sessionTs: reply.sessionTs, ids: ids!, versions: versions!, scores: [] };
  }

  /** The next best rows behind `before`, or the first. */
  async search(
    vector: readonly number[],
    batch: number,
    before: SearchPage | undefined,
  ): Promise<SearchPage> {
    const values = [new Uint8Array(Float32Array.from(vector).buffer)];
    const placeholders = [{ tag: '$0', type: PlaceholderType.FloatVector, values, elementLevel: false }];
    const next =
      before === undefined ? {} : { search_iter_id: before.token, search_iter_last_bound: before.lastBound };
    const request = SearchRequest.fromPartial({
      collectionName: this.#collection,
      dslType: 1,
      placeholderGroup: PlaceholderGroup.encode({ placeholders }).finish(),
      outputFields: ['version'],
      nq: 1n,
      guaranteeTimestamp: before?.sessionTs ?? 0n,
      searchParams: pairs({
        anns_field: 'vector',
        topk: batch,
        metric_type: 'L2',
        params: '{}',
        iterator: 'True',
        search_iter_v2: 'True',
        search_iter_batch_size: batch,
        ...next,
      }),
    });
    const { results, sessionTs } = (await this.#call('search', request)) as SearchResults;
    const scores = results!.scores;
    return {
      sessionTs,
      ids: packedLongs(IDs.decode(results!.ids).intId?.data),
      versions: longs(results!.fieldsData, 'version'),
      scores: [...new Float32Array(Uint8Array.from(scores).buffer)],
      token: results!.searchIteratorV2Results!.token,
      lastBound: results!.searchIteratorV2Results!.lastBound,
    };
  }

  /** A call that broke because the server restarted is repeated: reading twice changes nothing. */
  async #call(method: string, request: unknown): Promise<unknown> {
    const deadline = performance.now() + CALL_TIMEOUT_MS;
    for (;;) {
      try {
        const reply = (await this.#once(method, request)) as { readonly status: Status };
        if (reply.status.code !== 0)
          throw new Error(`${method}: code ${reply.status.code}: ${reply.status.reason}`);
        return reply;
      } catch (error) {
        const isDown = (error as { code?: unknown }).code === 14;
        if (!isDown || performance.now() > deadline) throw error;
      }
    }
  }

  #once(method: string, request: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#client[method]!(request, (error, reply) => (error === null ? resolve(reply) : reject(error)));
    return promise;
  }
}

function pairs(values: Readonly<Record<string, string | number>>): KeyValuePair[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: String(value) }));
}

function longs(fields: readonly Uint8Array[], name: string): number[] {
  const field = fields.map((bytes) => FieldData.decode(bytes)).find(({ fieldName }) => fieldName === name);
  return packedLongs(field?.scalars?.longData?.data);
}

function packedLongs(bytes: Uint8Array | undefined): number[] {
  const reader = new BinaryReader(bytes ?? new Uint8Array(0));
  const values: number[] = [];
  while (reader.pos < reader.len) values.push(Number(reader.int64()));
  return values;
}
