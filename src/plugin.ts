/**
 * `elanus/plugin`: what a plugin is written against. Types, `definePlugin` and the class of errors; nothing here has state.
 * The ports' rules as code are in `elanus/plugin/rules`.
 */

export { ElanusError, type ErrorContext, type ErrorKind, type ErrorOptions } from './core/domain/errors.ts';
export type { Metric } from './core/domain/metric.ts';
export type { ArenaMemory, ArenaRef } from './core/ports/arena.ts';
export type { Clock } from './core/ports/clock.ts';
export type { Crypto } from './core/ports/crypto.ts';
export type { LogFields, Logger } from './core/ports/logger.ts';
export type {
  MetaCompare,
  MetaEntry,
  MetaEvent,
  MetaLease,
  MetaOperation,
  MetaStore,
  MetaTxnResult,
} from './core/ports/metaStore.ts';
export type { Counter, Gauge, Histogram, Labels, Metrics } from './core/ports/metrics.ts';
export type { ObjectContent, ObjectInfo, ObjectStore, ObjectVersion } from './core/ports/objectStore.ts';
export {
  type AnyPlugin,
  type ConfigSchema,
  definePlugin,
  type IndexPlugin,
  type PluginDeps,
  type StorageCapabilities,
  type StoragePlugin,
  type StoragePorts,
} from './core/ports/plugin.ts';
export type { Random } from './core/ports/random.ts';
export type {
  VectorIndexCapabilities,
  VectorIndexHandle,
  VectorIndexKernel,
  VectorIndexSpec,
  VectorIndexWorkerModule,
  VectorRows,
  VectorSearchRequest,
  VectorSearchResult,
} from './core/ports/vectorIndex.ts';
export type { Wal, WalEntry, WalInfo, WalPosition, WalReadOptions, WalWriter } from './core/ports/wal.ts';
