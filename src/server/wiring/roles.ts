import type { Container } from 'inversify';
import { DataAccess } from '../../core/access/dataAccess.ts';
import { createCoordinator } from '../../core/coordinator/coordinator.ts';
import type { CoordinatorService } from '../../core/coordinator/service.ts';
import { DataNode } from '../../core/data/dataNode.ts';
import type { Arena } from '../../core/ports/arena.ts';
import type { Compute } from '../../core/ports/compute.ts';
import type { MetaStore } from '../../core/ports/metaStore.ts';
import type { ObjectStore } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { Wal } from '../../core/ports/wal.ts';
import { QueryNode } from '../../core/query/queryNode.ts';
import { HandOver } from '../../core/segment/handOver.ts';
import { IndexHost } from '../../core/segment/indexHost.ts';
import type { StreamingService } from '../../core/streaming/service.ts';
import { StreamingNode } from '../../core/streaming/streamingNode.ts';
import { SeededRandom } from '../../plugins/memory/seededRandom.ts';
import type { Config } from '../config/schema.ts';
import { directLink, type RoleLink, SerializedLink } from '../roles/roleLink.ts';
import {
  COORDINATOR_METHODS,
  DATA_METHODS,
  QUERY_METHODS,
  STREAMING_METHODS,
} from '../roles/roleServices.ts';
import type { Lifecycle } from './lifecycle.ts';
import { TOKENS } from './tokens.ts';

/** The one node of a standalone server. */
const NODE_ID = 'standalone';
const REPLICAS_MAX = 1;
const CACHED_PLANS_MAX = 1_000;
/** Draining flushes nothing, but waits for flushes that have begun. */
const STREAMING_CLOSE_TIMEOUT_MS = 60_000;

/** What the RPC handlers work with. */
export interface Roles {
  readonly coordinator: CoordinatorService;
  readonly streaming: StreamingService;
  readonly access: DataAccess;
}

export interface RoleParts {
  readonly config: Config;
  readonly lifecycle: Lifecycle;
  readonly platform: PluginDeps;
  readonly meta: MetaStore;
  readonly wal: Wal;
  readonly objectStore: ObjectStore;
  readonly arena: Arena;
  readonly compute: Compute;
}

export function bindRoles(container: Container): void {
  container
    .bind(TOKENS.Roles)
    .toResolvedValue(
      (config, lifecycle, platform, meta, wal, objectStore, arena, compute) =>
        openRoles({ config, lifecycle, platform, meta, wal, objectStore, arena, compute }),
      [
        TOKENS.Config,
        TOKENS.Lifecycle,
        TOKENS.PluginDeps,
        TOKENS.MetaStore,
        TOKENS.Wal,
        TOKENS.ObjectStore,
        TOKENS.Arena,
        TOKENS.Compute,
      ],
    );
}

/** All roles of one process, over the service interfaces of a cluster: takes the catalogue and the channels over, replays the logs. */
async function openRoles(parts: RoleParts): Promise<Roles> {
  const { config, lifecycle, platform, meta, wal, objectStore, arena, compute } = parts;
  const { clock, crypto, logger, random } = platform;
  const files = { objectStore, crypto, clock, arena };
  const host = new IndexHost({
    compute,
    arena,
    plugin: config.index.graph,
    rowsMin: config.index.minRowsToBuild,
    logger: logger.child('index'),
  });
  const link = linkOf(parts);
  const handOver = new HandOver();
  // Behind a link that serialises the query role stands for one in another process.
  const shared = config.roles.link === 'direct' ? handOver : undefined;
  const query = link.connect(new QueryNode(files, host, shared), QUERY_METHODS);
  const data = link.connect(new DataNode(files, host), DATA_METHODS);
  const coordinatorRole = createCoordinator({
    meta,
    clock,
    random,
    logger,
    settings: {
      pchannels: config.wal.channels,
      collectionsMax: config.limits.collectionsMax,
      databasesMax: config.limits.databasesMax,
      replicasMax: REPLICAS_MAX,
    },
    streaming: () => streaming,
  });
  const coordinator = link.connect<CoordinatorService>(coordinatorRole, COORDINATOR_METHODS);
  const streamingRole = new StreamingNode({
    nodeId: NODE_ID,
    wal,
    files,
    host,
    coordinator,
    query,
    data,
    handOver,
    clock,
    logger: logger.child('streaming'),
    settings: {
      segmentBytesMax: config.segment.sealBytes,
      walRetainedBytesMax: config.wal.retainedBytesMax,
      snapshotRetentionMs: config.segment.snapshotRetentionMs,
    },
  });
  const streaming: StreamingService = link.connect<StreamingService>(streamingRole, STREAMING_METHODS);
  const access = new DataAccess(
    { coordinator, streaming, random },
    { loadOnFirstUse: config.load.onFirstUse, cachedPlansMax: CACHED_PLANS_MAX },
  );
  await coordinatorRole.start();
  await lifecycle.open(
    'streaming',
    () => streamingRole.start(),
    () => streamingRole.stop(),
    STREAMING_CLOSE_TIMEOUT_MS,
  );
  await coordinatorRole.clearDropped();
  return { coordinator, streaming, access };
}

function linkOf({ config, platform }: RoleParts): RoleLink {
  const { link, linkDelayMs, linkLostShare, linkSeed } = config.roles;
  if (link === 'direct') return directLink;
  const random = new SeededRandom(linkSeed);
  return new SerializedLink({
    clock: platform.clock,
    random,
    delayMs: linkDelayMs,
    lostShare: linkLostShare,
  });
}
