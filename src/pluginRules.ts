/** `elanus/plugin/rules`: the ports' rules as code, the same that the built-in plugins go by. */
export { invalid } from './core/domain/errors.ts';
export { METRICS } from './core/domain/metric.ts';
export {
  checkKey,
  checkPrefix,
  checkRange,
  checkTtl,
  checkTxn,
  META_BOUNDS,
} from './core/ports/metaBounds.ts';
export { MetaWatch, MetaWatchers, WATCH_EVENTS_MAX } from './core/ports/metaWatchers.ts';
export {
  checkObjectKey,
  checkObjectLimit,
  checkObjectPrefix,
  checkObjectRange,
  OBJECT_KEY_BYTES_MAX,
} from './core/ports/objectKeys.ts';
export { compareWalPositions } from './core/ports/wal.ts';
