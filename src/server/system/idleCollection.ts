import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_MS = 3_000;
/** Below this share of busy time the thread counts as idle. */
const BUSY_SHARE_MAX = 0.01;
/** Garbage below this many bytes is left to V8. */
const GARBAGE_BYTES_MIN = 4 * 2 ** 20;

/** Until nothing more is found, and pages that became empty go back to the system; a usual collection leaves both for later. */
const EVERYTHING = { type: 'major', execution: 'sync', flavor: 'last-resort' } as const;

type Collect = (options: typeof EVERYTHING) => void;

/**
 * Collects the I/O thread's garbage when it has nothing else to do. V8 collects when memory is asked for, so an idle server would
 * keep the buffers of the last requests for good. Takes some 40 ms, once after work that left much behind.
 */
export function collectWhenIdle(): void {
  let collect: Collect | undefined;
  let keptBytes = usedBytes();
  let before = performance.eventLoopUtilization();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > BUSY_SHARE_MAX || usedBytes() - keptBytes < GARBAGE_BYTES_MIN) return;
    collect ??= collector();
    collect(EVERYTHING);
    keptBytes = usedBytes();
  }, LOOK_MS).unref();
}

/** V8's own function, which new contexts have from now on. */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}

function usedBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}
