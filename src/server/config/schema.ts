import { z } from 'zod';
import { LIMITS } from '../../core/domain/limits.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

function whole(defaultValue: number, min: number, max: number, description: string) {
  return z.int().min(min).max(max).default(defaultValue).describe(description);
}

/** Keys that end in Bytes or BytesMax also take a text such as `64MiB`: see sizes.ts. */
function bytes(defaultValue: number, min: number, max: number, description: string) {
  return whole(defaultValue, min, max, `${description} In bytes, or a text such as "64MiB".`);
}

function storageKeys(pluginDefault: string) {
  return {
    plugin: z
      .string()
      .min(1)
      .default(pluginDefault)
      .describe(
        'Name of a built-in plugin, name of an npm package, or path of a module (starting with . or /).',
      ),
    options: z
      .record(z.string(), z.unknown())
      .default({})
      .describe("The plugin's own options; checked by the plugin."),
  };
}

const commonLayers = {
  metrics: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe(
      'Times and errors of its calls at /metrics. auto: off for the plugins that keep to this machine.',
    ),
  timeoutMs: whole(
    0,
    0,
    3_600_000,
    'A call that takes longer ends: a read with Timeout, a change with Unknown. 0: no limit but that of the plugin.',
  ),
};

/** What goes around the calls of a store, whatever its plugin. */
const callLayers = z.strictObject({
  ...commonLayers,
  retriesMax: whole(
    0,
    0,
    20,
    'Attempts after the first, when nothing happened (Unavailable, Timeout), beside those that the plugin makes itself.',
  ),
  inFlightMax: whole(0, 0, 100_000, 'Calls at work at once; others wait. 0: no limit.'),
});

const layersText = 'What goes around its calls, whatever the plugin.';

const meta = z.strictObject({
  ...storageKeys('embedded'),
  layers: callLayers.prefault({}).describe(layersText),
});

const wal = z.strictObject({
  ...storageKeys('file'),
  layers: z.strictObject(commonLayers).prefault({}).describe(layersText),
  channels: whole(
    16,
    1,
    1_024,
    'Physical channels, each a log of its own, that the shards of new collections are spread over.',
  ),
  retainedBytesMax: bytes(
    GiB,
    MiB,
    2 ** 50,
    'Log that may be kept for unflushed segments; past it the oldest of them are flushed.',
  ),
});

const cache = z.strictObject({
  memoryBytesMax: bytes(0, 0, 2 ** 50, 'Memory for ranges of segment files that were read. 0: none.'),
  diskBytesMax: bytes(0, 0, 2 ** 50, 'Disk for them, for an object store that is far away. 0: none.'),
  path: z.string().default('').describe("The cache's own folder on disk. Empty: cache in the data folder."),
});

const objectStore = z.strictObject({
  ...storageKeys('fs'),
  layers: callLayers.prefault({}).describe(layersText),
  cache: cache.prefault({}).describe('Segment files that were read before, kept near.'),
});

const server = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. One that others can reach needs security.allowUnauthenticated.'),
  port: whole(19_530, 0, 65_535, 'Port of gRPC and HTTP. 0 takes a free one.'),
  adminPort: whole(
    9_091,
    0,
    65_535,
    'Port of /healthz, /livez and /metrics, on the same host. 0 takes a free one.',
  ),
  receiveMessageBytesMax: bytes(64 * MiB, 64 * KiB, 2 * GiB - 1, 'Largest request.'),
  connectionsMax: whole(10_000, 1, 1_000_000, 'Connections at once; more are refused.'),
  shutdownTimeoutMs: whole(
    30_000,
    0,
    3_600_000,
    'How long requests in flight may take to end after SIGTERM or SIGINT.',
  ),
});

const index = z.strictObject({
  graph: z
    .string()
    .min(1)
    .default('hnsw')
    .describe(
      'Which plugin serves graph indexes: hnsw, usearch (needs the package of that name), or a package or path as for storage.',
    ),
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("The graph plugin's own options; checked by the plugin."),
  minRowsToBuild: whole(
    2_048,
    0,
    1_000_000_000,
    'Segments with fewer rows are scanned exactly; no graph is built for them.',
  ),
});

const segment = z.strictObject({
  sealBytes: bytes(512 * MiB, MiB, 3 * GiB, 'A growing segment is sealed at this size.'),
  snapshotRetentionMs: whole(
    3_600_000,
    0,
    31_536_000_000,
    'How long replaced and deleted rows stay readable at older timestamps (iterators).',
  ),
});

const limits = z.strictObject({
  collectionsMax: whole(LIMITS.collectionsMax, 1, 1_000_000, 'Collections in all databases.'),
  databasesMax: whole(LIMITS.databasesMax, 1, 10_000, 'Databases.'),
});

const roles = z.strictObject({
  link: z
    .enum(['direct', 'serialized'])
    .default('direct')
    .describe(
      'How the roles of this process call each other. serialized is for tests: every call travels as bytes.',
    ),
  linkDelayMs: whole(1, 0, 1_000, 'With link serialized: delay of each call.'),
  linkSeed: whole(1, 0, 2 ** 31, 'With link serialized: seed of the choice which replies are lost.'),
  linkLostShare: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.01)
    .describe('With link serialized: share of the replies that are lost, after which the call is repeated.'),
});

const security = z.strictObject({
  allowUnauthenticated: z
    .boolean()
    .default(false)
    .describe('Lets the server listen on an address that others can reach, without authentication.'),
});

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Lowest level that is written.'),
  format: z
    .enum(['auto', 'json', 'text'])
    .default('auto')
    .describe('auto: text on a terminal, else one JSON object a line.'),
});

const memory = z.strictObject({
  bytesMax: bytes(
    0,
    0,
    2 ** 50,
    'Shared memory for rows and indexes, in all. 0: three quarters of the memory of this machine or container.',
  ),
  arenaBytesMax: bytes(4 * GiB - 64 * KiB, MiB, 4 * GiB - 64 * KiB, 'Largest size of one arena.'),
});

const compute = z.strictObject({
  threads: whole(
    0,
    0,
    1_024,
    'Worker threads, started on first use. 0: processor cores less one, at least one.',
  ),
  inlineMicrosMax: whole(
    300,
    0,
    1_000,
    'A task that is estimated below this many microseconds runs on the I/O thread when nothing waits.',
  ),
});

/** elanus.yaml: every key, its default, limits and unit. */
export const configSchema = z.strictObject({
  dataDir: z
    .string()
    .min(1)
    .default('./elanus-data')
    .describe(
      'Folder of everything that is kept on disk; made when it is missing. Relative to the working directory.',
    ),
  server: server.prefault({}).describe('Where the server listens, and its bounds.'),
  meta: meta.prefault({}).describe('The catalogue.'),
  wal: wal.prefault({}).describe('The write-ahead log.'),
  segment: segment.prefault({}).describe('Segments, the pieces that collections are stored in.'),
  objectStore: objectStore.prefault({}).describe('Sealed segments and indexes.'),
  index: index.prefault({}).describe('Vector indexes.'),
  load: z
    .strictObject({
      onFirstUse: z
        .boolean()
        .default(true)
        .describe(
          'Loads a collection that nobody loaded yet when it is first read, instead of refusing. A released one stays so.',
        ),
    })
    .prefault({})
    .describe('When collections come into memory.'),
  limits: limits.prefault({}).describe("Bounds of what users may create and ask; the defaults are Milvus's."),
  memory: memory.prefault({}).describe('Shared memory.'),
  compute: compute.prefault({}).describe('Worker threads.'),
  roles: roles.prefault({}).describe('The roles of this process.'),
  security: security.prefault({}).describe('Who may connect.'),
  log: log.prefault({}).describe('The log, on standard error.'),
});

export type Config = z.output<typeof configSchema>;
export type StorageConfig = Pick<Config['meta'], 'plugin' | 'options'>;
