import { totalmem } from 'node:os';
import type { Container } from 'inversify';
import type { AnyPlugin } from '../../core/ports/plugin.ts';
import { moduleUrl } from '../../kernels/location.ts';
import { SharedArena } from '../compute/sharedArena.ts';
import { createWorkerPool } from '../compute/workerPool.ts';
import { chooseIndexes } from './pluginRegistry.ts';
import { TOKENS } from './tokens.ts';

/** Shared memory, worker threads, and the index plugins they load; `given` ones need not be looked for. */
export function bindComputing(container: Container, given: readonly AnyPlugin[] = []): void {
  container.bind(TOKENS.Arena).toResolvedValue(
    ({ memory }) =>
      new SharedArena({
        bytesMax: memory.bytesMax || defaultMemoryBytes(),
        arenaBytesMax: memory.arenaBytesMax,
      }),
    [TOKENS.Config],
  );
  container
    .bind(TOKENS.IndexPlugins)
    .toResolvedValue(({ index }) => chooseIndexes(index, given), [TOKENS.Config]);
  container.bind(TOKENS.Compute).toResolvedValue(
    ({ compute }, arena, plugins, lifecycle) =>
      lifecycle.open(
        'compute',
        () =>
          createWorkerPool({
            arena,
            modules: {
              taskModules: [moduleUrl('core/query/tasks').href],
              indexes: plugins.map(({ name, plugin, config }) => ({
                name,
                workerModule: plugin.workerModule,
                config,
              })),
            },
            ...(compute.threads === 0 ? {} : { threads: compute.threads }),
            inlineCostMicrosMax: compute.inlineMicrosMax,
          }),
        (pool) => pool.close(),
      ),
    [TOKENS.Config, TOKENS.Arena, TOKENS.IndexPlugins, TOKENS.Lifecycle],
  );
}

/** Three quarters of what this machine or container has. */
function defaultMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.floor(bytes * 0.75);
}
