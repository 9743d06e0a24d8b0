import type { CoordinatorService } from '../../core/coordinator/service.ts';
import type { Arena } from '../../core/ports/arena.ts';
import type { SegmentState, StreamingService } from '../../core/streaming/service.ts';
import type { MetricsRegistry } from './metricsRegistry.ts';

export interface ContentSources {
  readonly coordinator: Pick<CoordinatorService, 'listDatabases' | 'listCollections'>;
  readonly streaming: Pick<StreamingService, 'shardStates'>;
  readonly arena: Pick<Arena, 'stats'>;
}

const STATES = ['Growing', 'Sealed', 'Flushed'] as const satisfies readonly SegmentState['state'][];

/** Sets the gauges of what the server holds: collections, segments, rows, shared memory. For when somebody asks. */
export async function measureContent(metrics: MetricsRegistry, sources: ContentSources): Promise<void> {
  const { allocatedBytes, reservedBytes } = sources.arena.stats();
  metrics.gauge('elanus_arena_allocated_bytes', 'Shared memory in use.').set(allocatedBytes);
  metrics
    .gauge('elanus_arena_reserved_bytes', 'Shared memory in all, free ranges included.')
    .set(reservedBytes);

  const databases = await sources.coordinator.listDatabases();
  const lists = await Promise.all(databases.map(({ name }) => sources.coordinator.listCollections(name)));
  const collections = lists.flat();
  metrics.gauge('elanus_databases', 'Databases.').set(databases.length);
  metrics.gauge('elanus_collections', 'Collections in all databases.').set(collections.length);

  const shards = await Promise.all(
    collections.map(({ collectionId }) => sources.streaming.shardStates(collectionId)),
  );
  measureSegments(
    metrics,
    shards.flat().flatMap(({ segments }) => segments),
  );
}

function measureSegments(metrics: MetricsRegistry, segments: readonly SegmentState[]): void {
  const counts = metrics.gauge('elanus_segments', 'Segments by state.');
  const rows = metrics.gauge('elanus_rows', 'Visible rows by state of their segment.');
  const bytes = metrics.gauge('elanus_segment_memory_bytes', 'Memory of segments by state.');
  for (const state of STATES) {
    const own = segments.filter((segment) => segment.state === state);
    const labels = { state: state.toLowerCase() };
    counts.set(own.length, labels);
    rows.set(
      own.reduce((sum, { visibleRows }) => sum + visibleRows, 0),
      labels,
    );
    bytes.set(
      own.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      labels,
    );
  }
}
