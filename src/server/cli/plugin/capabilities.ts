import type { AnyPlugin, StorageCapabilities } from '../../../core/ports/plugin.ts';
import type { VectorIndexCapabilities } from '../../../core/ports/vectorIndex.ts';

/** What a plugin says it can, in words. */
export function capabilitiesText(plugin: AnyPlugin): string {
  return plugin.port === 'index' ? indexText(plugin.capabilities) : storageText(plugin.capabilities);
}

function storageText({ durable, sharedByProcesses }: StorageCapabilities): string {
  return `${durable ? 'durable' : 'gone at a restart'}, ${sharedByProcesses ? 'for many processes' : 'for one process'}`;
}

function indexText(capabilities: VectorIndexCapabilities): string {
  const { exact, filtersInWalk, appendsWhileSearched, sharedByThreads, metrics } = capabilities;
  return [
    exact ? 'exact' : 'approximate',
    ...(filtersInWalk ? ['filters inside'] : []),
    ...(appendsWhileSearched ? ['appends while searched'] : []),
    sharedByThreads ? 'for all threads' : 'for one thread',
    metrics.join(' '),
  ].join(', ');
}
