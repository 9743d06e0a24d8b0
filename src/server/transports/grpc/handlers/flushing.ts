import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { CollectionInfo } from '../../../../core/domain/catalog.ts';
import { invalid } from '../../../../core/domain/errors.ts';
import { physicalMs } from '../../../../core/domain/timestamp.ts';
import {
  type FlushAllRequest,
  FlushAllResponse,
  type FlushRequest,
  FlushResponse,
  type GetFlushAllStateRequest,
  GetFlushAllStateResponse,
  type GetFlushStateRequest,
  type GetFlushStateResponse,
} from '../../../../gen/milvus/milvus.ts';
import type { LongArray } from '../../../../gen/milvus/schema.ts';
import type { CallContext } from '../callContext.ts';
import { collectionOf, databaseOf } from '../requestContext.ts';
import type { DefinitionServices } from '../services.ts';
import { success } from '../status.ts';

interface Flushed {
  readonly name: string;
  readonly segmentIds: readonly number[];
  readonly timestamp: bigint;
}

export async function flush(
  services: DefinitionServices,
  request: FlushRequest,
  context: CallContext,
): Promise<FlushResponse> {
  if (request.collectionNames.length === 0)
    throw invalid('no collection is named', { field: 'collection_names' });
  const dbName = databaseOf(request.dbName, context);
  const { coordinator } = services;
  const infos = await Promise.all(
    request.collectionNames.map((name) => coordinator.getCollection(dbName, name)),
  );
  // Under the names of the request, which may be aliases: clients look their own up.
  const flushed = await Promise.all(
    infos.map((info, i) => flushCollection(services, info, request.collectionNames[i]!)),
  );
  const byName = <Value>(value: (one: Flushed) => Value): Record<string, Value> =>
    Object.fromEntries(flushed.map((one) => [one.name, value(one)]));
  return FlushResponse.fromPartial({
    status: success(),
    dbName,
    collSegIDs: byName((one) => longArray(one.segmentIds)),
    flushCollSegIDs: byName(() => longArray([])),
    collSealTimes: byName((one) => BigInt(Math.floor(physicalMs(one.timestamp) / 1_000))),
    collFlushTs: byName((one) => one.timestamp),
  });
}

async function flushCollection(
  services: DefinitionServices,
  { collectionId, vchannels }: CollectionInfo,
  name: string,
): Promise<Flushed> {
  const replies = await Promise.all(
    vchannels.map(({ vchannel }) =>
      services.streaming.flush({ requestId: services.random.uuid(), vchannel, collectionId }),
    ),
  );
  let timestamp = 0n;
  for (const reply of replies) if (reply.timestamp > timestamp) timestamp = reply.timestamp;
  return { name, segmentIds: replies.flatMap((reply) => reply.segmentIds), timestamp };
}

/** The wire's packed int64s. */
function longArray(values: readonly number[]): LongArray {
  const writer = new BinaryWriter();
  for (const value of values) writer.int64(value);
  return { data: writer.finish() };
}

/** A flush that was answered has sealed everything durably: its state is always true. */
export async function getFlushState(
  services: DefinitionServices,
  request: GetFlushStateRequest,
  context: CallContext,
): Promise<GetFlushStateResponse> {
  if (request.collectionName !== '') await collectionOf(services, request, context);
  return { status: success(), flushed: true };
}

interface FlushTarget {
  readonly dbName: string;
  readonly collections: readonly CollectionInfo[];
}

/** Every collection of the named databases, or of all: here the metadata names no database. */
export async function flushAll(
  services: DefinitionServices,
  request: FlushAllRequest,
): Promise<FlushAllResponse> {
  const flushResults = [];
  for (const { dbName, collections } of await flushTargets(services, request)) {
    const flushed = await Promise.all(
      collections.map((info) => flushCollection(services, info, info.schema.name)),
    );
    const collectionResults = flushed.map((one) => ({
      collectionName: one.name,
      segmentIds: longArray(one.segmentIds),
      flushSegmentIds: longArray([]),
      sealTime: BigInt(Math.floor(physicalMs(one.timestamp) / 1_000)),
      flushTs: one.timestamp,
    }));
    flushResults.push({ dbName, collectionResults });
  }
  const flushAllTs = await services.coordinator.allocTimestamps(1);
  return FlushAllResponse.fromPartial({ status: success(), flushAllTs, flushResults });
}

async function flushTargets(
  { coordinator }: DefinitionServices,
  request: FlushAllRequest,
): Promise<readonly FlushTarget[]> {
  const wholeDatabase = async (dbName: string): Promise<FlushTarget> => ({
    dbName,
    collections: await coordinator.listCollections(dbName),
  });
  if (request.flushTargets.length === 0) {
    if (request.dbName !== '') return [await wholeDatabase(request.dbName)];
    const databases = await coordinator.listDatabases();
    return Promise.all(databases.map((database) => wholeDatabase(database.name)));
  }
  return Promise.all(
    request.flushTargets.map(async ({ dbName, collectionNames }) => {
      if (collectionNames.length === 0) return wholeDatabase(dbName);
      const named = collectionNames.map((name) => coordinator.getCollection(dbName, name));
      return { dbName, collections: await Promise.all(named) };
    }),
  );
}

export async function getFlushAllState(
  _services: DefinitionServices,
  request: GetFlushAllStateRequest,
): Promise<GetFlushAllStateResponse> {
  const flushStates = request.flushTargets.map(({ dbName, collectionNames }) => ({
    dbName,
    collectionFlushStates: Object.fromEntries(collectionNames.map((name) => [name, true])),
  }));
  return GetFlushAllStateResponse.fromPartial({ status: success(), flushed: true, flushStates });
}
