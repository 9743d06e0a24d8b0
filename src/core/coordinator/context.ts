import type { CollectionInfo } from '../domain/catalog.ts';
import type { RequestMemory } from '../domain/requestMemory.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { MetaStore } from '../ports/metaStore.ts';
import type { Random } from '../ports/random.ts';
import type { StreamingService } from '../streaming/service.ts';
import type { IdAllocator, TimestampAllocator } from './allocators.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogStore } from './catalogStore.ts';
import type { ChannelClaims } from './channelClaims.ts';
import type { KeyedLock } from './keyedLock.ts';

export interface CoordinatorSettings {
  /** Size of the pool of physical channels, 1..1,024. */
  readonly pchannels: number;
  readonly collectionsMax: number;
  readonly databasesMax: number;
  /** How many replicas of a collection the query nodes can serve. */
  readonly replicasMax: number;
}

/** What a coordinator is made of; the functions beside this file share it. */
export interface CoordinatorContext {
  readonly settings: CoordinatorSettings;
  readonly logger: Logger;
  readonly store: CatalogStore;
  readonly catalog: Catalog;
  readonly locks: KeyedLock;
  readonly requests: RequestMemory;
  readonly channels: ChannelClaims;
  readonly timestamps: TimestampAllocator;
  readonly ids: IdAllocator;
  /** Revision of each collection that the streaming node has applied. */
  readonly applied: Map<number, number>;
  /** Pages of each segment that has more than one. */
  readonly segmentPages: Map<number, number>;
  streaming(): StreamingService;
  /** Before each call: fails with Unavailable until started, reads the catalogue again after an uncertain write. */
  ready(): Promise<void>;
}

export interface CoordinatorDependencies {
  readonly meta: MetaStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: CoordinatorSettings;
  /** Asked for at each call, since the streaming role starts after the coordinator. */
  readonly streaming: () => StreamingService;
}

/** Locks: databases before collections, each in sorted order. */
export function databaseLock(name: string): string {
  return `a/${name}`;
}

export function collectionLock(collectionId: number): string {
  return `b/${collectionId}`;
}

export type CollectionChange = (current: CollectionInfo) => CollectionInfo | Promise<CollectionInfo>;
