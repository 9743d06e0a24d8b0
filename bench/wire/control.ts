import { setTimeout as delay } from 'node:timers/promises';
import * as common from '../../src/gen/milvus/common.ts';
import * as milvus from '../../src/gen/milvus/milvus.ts';
import { Connection, type EncodedCall } from '../load/connection.ts';
import { replyProblem } from '../load/replyStatus.ts';
import { countOf, foundIds, longs } from './replies.ts';
import {
  countRows,
  createCollection,
  createIndex,
  FIELD,
  INDEX_NAME,
  type IndexType,
  rpc,
} from './requests.ts';

const POLL_MS = 5;
const LOADED_PERCENT = 100n;
const INDEX_FINISHED = 3;

/** One connection for what is done between measurements. Every failure throws with the server's own text. */
export class Control {
  readonly #connection: Connection;
  readonly #address: string;

  private constructor(connection: Connection, address: string) {
    this.#connection = connection;
    this.#address = address;
  }

  static async open(address: string): Promise<Control> {
    return new Control(await Connection.open(address), address);
  }

  close(): void {
    this.#connection.close();
  }

  /** A reply that carries its status as field 1. */
  async call({ path, message }: EncodedCall): Promise<Buffer> {
    const reply = await this.#connection.call(path, message, this.#address);
    const problem = replyProblem(reply);
    if (problem !== undefined) throw new Error(`${path}: ${problem}`);
    return reply;
  }

  /** A reply that is a status. */
  async #command({ path, message }: EncodedCall): Promise<void> {
    const status = common.Status.decode(await this.#connection.call(path, message, this.#address));
    if (status.code !== 0 || status.errorCode !== 0)
      throw new Error(`${path}: code ${status.code}: ${status.reason}`);
  }

  async createCollection(name: string, dim: number): Promise<void> {
    await this.#command(createCollection(name, dim));
  }

  /** Cheap, and every server knows it. */
  async listCollections(): Promise<readonly string[]> {
    const request = milvus.ShowCollectionsRequest.fromPartial({});
    const call = rpc('ShowCollections', milvus.ShowCollectionsRequest.encode(request));
    return milvus.ShowCollectionsResponse.decode(await this.call(call)).collectionNames;
  }

  async createIndex(name: string, indexType: IndexType): Promise<void> {
    await this.#command(createIndex(name, indexType));
  }

  async dropCollection(name: string): Promise<void> {
    const request = milvus.DropCollectionRequest.fromPartial({ collectionName: name });
    await this.#command(rpc('DropCollection', milvus.DropCollectionRequest.encode(request)));
  }

  async startLoading(name: string): Promise<void> {
    const request = milvus.LoadCollectionRequest.fromPartial({ collectionName: name, replicaNumber: 1 });
    await this.#command(rpc('LoadCollection', milvus.LoadCollectionRequest.encode(request)));
  }

  /** Loads and waits until the server says 100 %. */
  async load(name: string): Promise<void> {
    await this.startLoading(name);
    const request = milvus.GetLoadingProgressRequest.fromPartial({ collectionName: name });
    const call = rpc('GetLoadingProgress', milvus.GetLoadingProgressRequest.encode(request));
    await poll(async () => {
      const { progress } = milvus.GetLoadingProgressResponse.decode(await this.call(call));
      return progress === LOADED_PERCENT;
    });
  }

  async release(name: string): Promise<void> {
    const request = milvus.ReleaseCollectionRequest.fromPartial({ collectionName: name });
    await this.#command(rpc('ReleaseCollection', milvus.ReleaseCollectionRequest.encode(request)));
  }

  /** Flushes and waits until the flush state is true; resolves with the number of polls. */
  async flush(name: string): Promise<number> {
    const request = milvus.FlushRequest.fromPartial({ collectionNames: [name] });
    const reply = milvus.FlushResponse.decode(
      await this.call(rpc('Flush', milvus.FlushRequest.encode(request))),
    );
    const state = milvus.GetFlushStateRequest.fromPartial({
      segmentIDs: (reply.collSegIDs[name] === undefined ? [] : longs(reply.collSegIDs[name].data)).map(
        BigInt,
      ),
      flushTs: reply.collFlushTs[name] ?? 0n,
      collectionName: name,
    });
    const call = rpc('GetFlushState', milvus.GetFlushStateRequest.encode(state));
    return poll(async () => milvus.GetFlushStateResponse.decode(await this.call(call)).flushed);
  }

  /** Waits until the graph index covers `rows` rows. */
  async waitForIndex(name: string, rows: number): Promise<void> {
    const request = milvus.DescribeIndexRequest.fromPartial({
      collectionName: name,
      fieldName: FIELD.vector,
      indexName: INDEX_NAME,
    });
    const call = rpc('DescribeIndex', milvus.DescribeIndexRequest.encode(request));
    await poll(async () => {
      const { indexDescriptions } = milvus.DescribeIndexResponse.decode(await this.call(call));
      const index = indexDescriptions[0];
      if (index === undefined) throw new Error(`DescribeIndex knows no index of ${name}`);
      return index.state === INDEX_FINISHED && index.indexedRows >= BigInt(rows);
    });
  }

  /** Rows of segments whose objects are stored. */
  async flushedRows(name: string): Promise<number> {
    const request = milvus.GetPersistentSegmentInfoRequest.fromPartial({ collectionName: name });
    const call = rpc('GetPersistentSegmentInfo', milvus.GetPersistentSegmentInfoRequest.encode(request));
    const { infos } = milvus.GetPersistentSegmentInfoResponse.decode(await this.call(call));
    return infos
      .filter(({ state }) => state === common.SegmentState.Flushed)
      .reduce((sum, { numRows }) => sum + Number(numRows), 0);
  }

  async count(name: string): Promise<number> {
    return countOf(await this.call(countRows(name)));
  }

  async search(call: EncodedCall): Promise<number[]> {
    return foundIds(await this.call(call));
  }
}

/** Asks until the answer is yes; resolves with how often it asked. */
export async function poll(isDone: () => Promise<boolean>, everyMs = POLL_MS): Promise<number> {
  for (let asked = 1; ; asked++) {
    if (await isDone()) return asked;
    await delay(everyMs);
  }
}
