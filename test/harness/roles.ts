import { buildKernels } from '../../scripts/buildKernels.ts';
import { type Coordinator, createCoordinator } from '../../src/core/coordinator/coordinator.ts';
import { DataNode } from '../../src/core/data/dataNode.ts';
import type { Clock } from '../../src/core/ports/clock.ts';
import type { Compute } from '../../src/core/ports/compute.ts';
import type { Logger } from '../../src/core/ports/logger.ts';
import type { MetaStore } from '../../src/core/ports/metaStore.ts';
import type { ObjectStore } from '../../src/core/ports/objectStore.ts';
import type { Wal } from '../../src/core/ports/wal.ts';
import { QueryNode } from '../../src/core/query/queryNode.ts';
import { HandOver } from '../../src/core/segment/handOver.ts';
import { IndexHost } from '../../src/core/segment/indexHost.ts';
import { StreamingNode, type StreamingSettings } from '../../src/core/streaming/streamingNode.ts';
import flat from '../../src/plugins/index-flat/index.ts';
import { MemoryMetaStore } from '../../src/plugins/memory/memoryMetaStore.ts';
import { MemoryObjectStore } from '../../src/plugins/memory/memoryObjectStore.ts';
import { MemoryWal, MemoryWalStorage } from '../../src/plugins/memory/memoryWal.ts';
import { createInlineCompute } from '../../src/server/compute/inlineCompute.ts';
import { SharedArena } from '../../src/server/compute/sharedArena.ts';
import { createWorkerPool } from '../../src/server/compute/workerPool.ts';
import { pluginDeps } from '../kits/pluginDeps.ts';

/** What survives a crash of all roles. */
export class Storage {
  readonly meta = new MemoryMetaStore(pluginDeps);
  readonly objects = new MemoryObjectStore(pluginDeps);
  readonly wal = new MemoryWalStorage();
}

export interface Roles {
  readonly coordinator: Coordinator;
  readonly streaming: StreamingNode;
  readonly query: QueryNode;
  readonly data: DataNode;
  readonly host: IndexHost;
  readonly arena: SharedArena;
  readonly compute: Compute;
  /** Errors that were logged: background work must not fail. */
  readonly errors: unknown[];
}

const SETTINGS: StreamingSettings = {
  segmentBytesMax: 64 << 20,
  walRetainedBytesMax: 64 << 20,
  snapshotRetentionMs: 3_600_000,
};

/** The stores as the roles are given them: those of `Storage`, or something in between that fails. */
export interface Stores {
  readonly meta: MetaStore;
  readonly objects: ObjectStore;
  readonly wal: Wal;
}

export interface RoleOptions {
  readonly settings?: Partial<StreamingSettings>;
  readonly graph?: string;
  readonly indexRowsMin?: number;
  readonly stores?: Stores;
  readonly clock?: Clock;
  readonly arena?: SharedArena;
  /** Worker threads; 0 = tasks run inline. */
  readonly threads?: number;
  /** The query role reads segments from objects only, as in a process of its own. */
  readonly rolesApart?: boolean;
}

export function storesOf(storage: Storage): Stores {
  return { meta: storage.meta, objects: storage.objects, wal: new MemoryWal(storage.wal) };
}

/** All roles of one process over `storage`, started; tasks inline unless `threads` says otherwise. */
export async function startRoles(storage: Storage, options: RoleOptions = {}): Promise<Roles> {
  const arena = options.arena ?? new SharedArena({ bytesMax: 2 ** 31 });
  const compute = await createCompute(arena, options);
  const errors: unknown[] = [];
  const logger = recordingLogger(errors);
  const stores = options.stores ?? storesOf(storage);
  const clock = options.clock ?? pluginDeps.clock;
  const files = { objectStore: stores.objects, crypto: pluginDeps.crypto, clock, arena };
  const graph = options.graph ?? 'flat';
  const host = new IndexHost({
    compute,
    arena,
    plugin: graph,
    rowsMin: options.indexRowsMin ?? 1_000_000_000,
    logger,
  });
  const handOver = new HandOver();
  const query = new QueryNode(files, host, options.rolesApart === true ? undefined : handOver);
  const data = new DataNode(files, host);
  const coordinator: Coordinator = createCoordinator({
    meta: stores.meta,
    clock,
    random: pluginDeps.random,
    logger,
    settings: { pchannels: 4, collectionsMax: 2_000, databasesMax: 64, replicasMax: 1 },
    streaming: () => streaming,
  });
  const settings = { ...SETTINGS, ...options.settings };
  const streaming: StreamingNode = new StreamingNode({
    nodeId: 'node',
    wal: stores.wal,
    files,
    host,
    coordinator,
    query,
    data,
    handOver,
    clock,
    logger,
    settings,
  });
  await coordinator.start();
  await streaming.start();
  await coordinator.clearDropped();
  return { coordinator, streaming, query, data, host, arena, compute, errors };
}

async function createCompute(arena: SharedArena, options: RoleOptions): Promise<Compute> {
  await buildKernels(false);
  const plugins = [flat];
  if (options.graph === 'hnsw')
    plugins.push((await import('../../src/plugins/index-hnsw/index.ts')).default as never);
  const modules = {
    taskModules: [new URL('../../src/core/query/tasks.ts', import.meta.url).href],
    indexes: plugins.map((plugin) => ({
      name: plugin.name,
      workerModule: String(plugin.workerModule),
      config: plugin.configSchema.parse({}) as Record<string, unknown>,
    })),
  };
  const threads = options.threads ?? 0;
  return threads === 0 ? createInlineCompute(arena, modules) : createWorkerPool({ arena, modules, threads });
}

function recordingLogger(errors: unknown[]): Logger {
  const logger: Logger = {
    child: () => logger,
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (message, fields) => errors.push({ message, ...fields }),
  };
  return logger;
}
