/**
 * `elanus/conformance`: the kits of the ports, without a test runner. Bindings for runners: `elanus/conformance/node-test` and
 * `elanus/conformance/vitest`.
 */
export { elanusError, fails } from './storage/checks.ts';
export {
  type ConformanceCase,
  type ConformanceResult,
  type FailedCase,
  type RunOptions,
  runCases,
} from './storage/conformanceCase.ts';
export type { IndexSubject } from './storage/index/indexSubject.ts';
export { type IndexKitOptions, vectorIndexConformance } from './storage/index/kit.ts';
export { metaStoreConformance } from './storage/meta/kit.ts';
export type { MetaConformanceOptions, MetaStoreFactory, MetaStoreSubject } from './storage/meta/subject.ts';
export { objectStoreConformance } from './storage/object/kit.ts';
export type {
  ObjectConformanceOptions,
  ObjectStoreFactory,
  ObjectStoreSubject,
} from './storage/object/subject.ts';
export { pluginDeps } from './storage/pluginDeps.ts';
export { type PluginKit, type PluginKitOptions, pluginConformance } from './storage/pluginKit.ts';
export { type KitPort, promiseOf } from './storage/promises.ts';
export {
  type WalConformanceOptions,
  type WalFactory,
  type WalFaults,
  type WalSubject,
  walConformance,
} from './storage/wal/kit.ts';
