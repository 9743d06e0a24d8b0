import type { Coordinator, CoordinatorSettings } from '../../../src/core/coordinator/coordinator.ts';
import { createCoordinator } from '../../../src/core/coordinator/coordinator.ts';
import type { CollectionCreation } from '../../../src/core/coordinator/service.ts';
import type { CollectionInfo } from '../../../src/core/domain/catalog.ts';
import { DataType } from '../../../src/core/domain/dataTypes.ts';
import { ElanusError } from '../../../src/core/domain/errors.ts';
import type { FieldSchema, KeyValue } from '../../../src/core/domain/schema.ts';
import type { Logger } from '../../../src/core/ports/logger.ts';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import type { ShardState, StreamingService } from '../../../src/core/streaming/service.ts';
import { ManualClock } from '../../../src/plugins/memory/manualClock.ts';
import { MemoryMetaState, MemoryMetaStore } from '../../../src/plugins/memory/memoryMetaStore.ts';
import { SeededRandom } from '../../../src/plugins/memory/seededRandom.ts';

/** The least a streaming node does for definitions: it remembers what it was told. */
export class RememberingStreaming implements Partial<StreamingService> {
  readonly collections = new Map<number, CollectionInfo>();
  readonly terms = new Map<string, number>();
  readonly dropped: number[] = [];
  readonly flushed: string[] = [];
  states: readonly ShardState[] = [];
  truncations = 0;
  /** Thrown by the next update or drop. */
  failure: ElanusError | undefined;
  /** What updateCollection waits for. */
  gate: Promise<void> = Promise.resolve();

  async updateCollection(collection: CollectionInfo, terms: Readonly<Record<string, number>>): Promise<void> {
    await this.gate;
    this.#fail();
    const known = this.collections.get(collection.collectionId);
    if (known === undefined || known.revision < collection.revision) {
      this.collections.set(collection.collectionId, collection);
    }
    for (const [pchannel, term] of Object.entries(terms)) this.terms.set(pchannel, term);
  }

  async dropCollection(collectionId: number): Promise<void> {
    this.#fail();
    this.collections.delete(collectionId);
    this.dropped.push(collectionId);
  }

  async truncateCollection(): Promise<bigint> {
    this.truncations++;
    return 500n;
  }

  async flush({ vchannel }: { vchannel: string }) {
    this.flushed.push(vchannel);
    return { timestamp: BigInt(this.flushed.length) << 18n, segmentIds: [1_000 + this.flushed.length] };
  }

  async shardStates(): Promise<readonly ShardState[]> {
    return this.states;
  }

  async compact() {
    return { compactionId: 7, state: 'Executing' as const, plans: [{ sources: [1, 2], target: 3 }] };
  }

  async compactionState(compactionId: number) {
    return { compactionId, state: 'Completed' as const, plans: [{ sources: [1, 2], target: 3 }] };
  }

  #fail(): void {
    const error = this.failure;
    this.failure = undefined;
    if (error !== undefined) throw error;
  }
}

export const silent: Logger = {
  child: () => silent,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export const SETTINGS: CoordinatorSettings = {
  pchannels: 16,
  collectionsMax: 65_536,
  databasesMax: 64,
  replicasMax: 1,
};

const random = { next: () => 0.5, uuid: () => '00000000-0000-4000-8000-000000000000' };

export function memoryMeta(state = new MemoryMetaState()): MemoryMetaStore {
  return new MemoryMetaStore({ clock: new ManualClock(), random }, state);
}

export interface Fixture {
  readonly coordinator: Coordinator;
  readonly streaming: RememberingStreaming;
  readonly meta: MetaStore;
  readonly clock: ManualClock;
}

type Given = Partial<{
  meta: MetaStore;
  clock: ManualClock;
  streaming: RememberingStreaming;
  settings: Partial<CoordinatorSettings>;
}>;

/** A coordinator that has not started. */
export function newCoordinator(given: Given): Coordinator {
  const streaming = given.streaming ?? new RememberingStreaming();
  return createCoordinator({
    meta: given.meta ?? memoryMeta(),
    clock: given.clock ?? new ManualClock(),
    random: new SeededRandom(1),
    logger: silent,
    settings: { ...SETTINGS, ...given.settings },
    streaming: () => streaming as unknown as StreamingService,
  });
}

/** A started coordinator whose streaming node has claimed its channels. */
export async function startCoordinator(given: Given = {}): Promise<Fixture> {
  const meta = given.meta ?? memoryMeta();
  const clock = given.clock ?? new ManualClock();
  const streaming = given.streaming ?? new RememberingStreaming();
  const coordinator = newCoordinator({ ...given, meta, clock, streaming });
  await coordinator.start();
  await coordinator.claimChannels('node-1');
  return { coordinator, streaming, meta, clock };
}

export function field(name: string, dataType: number, more: Partial<FieldSchema> = {}): FieldSchema {
  return {
    fieldId: 0,
    name,
    description: '',
    dataType: dataType as FieldSchema['dataType'],
    isPrimaryKey: false,
    autoId: false,
    isPartitionKey: false,
    isClusteringKey: false,
    isDynamic: false,
    nullable: false,
    defaultValue: undefined,
    elementType: undefined,
    dim: 0,
    maxLength: 0,
    maxCapacity: 0,
    typeParams: [],
    ...more,
  };
}

export const ID = field('id', DataType.Int64, { isPrimaryKey: true });
export const VECTOR = field('vector', DataType.FloatVector, {
  dim: 8,
  typeParams: [{ key: 'dim', value: '8' }],
});

let requests = 0;

export function requestId(): string {
  return `request-${++requests}`;
}

export function creation(
  name: string,
  fields: readonly FieldSchema[] = [ID, VECTOR],
  more: Partial<Omit<CollectionCreation, 'schema'>> & { dynamic?: boolean } = {},
): CollectionCreation {
  const { dynamic = false, ...rest } = more;
  return {
    requestId: requestId(),
    databaseName: 'default',
    schema: { name, description: '', fields, enableDynamicField: dynamic, version: 0 },
    shardsNum: 0,
    consistencyLevel: 2,
    properties: [],
    numPartitions: 0,
    ...rest,
  };
}

export function pairs(values: Readonly<Record<string, string>>): readonly KeyValue[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

/** What a refusal looks like: `kind` or `kind/subject`, and its text. */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (caught) {
    if (!(caught instanceof ElanusError)) throw caught;
    return `${caught.kind}/${caught.subject ?? ''}: ${caught.text}`;
  }
  return 'success';
}
