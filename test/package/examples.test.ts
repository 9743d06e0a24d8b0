import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ended, install, pack, packElanus, ROOT, run } from './packed.ts';
import { withPostgres } from './postgresServer.ts';
import { ServedCommand } from './served.ts';

/** The plugins of examples/plugins, packed and installed beside Elanus as a user would. */
const EXAMPLES = ['object-sqlite', 'meta-postgres'];
const CHECK_MS_MAX = 300_000;
const scratch = mkdtempSync(join(tmpdir(), 'elanus-examples-'));
const home = join(scratch, 'home');
const command = join(home, 'node_modules/.bin/elanus');

beforeAll(async () => {
  const elanus = await packElanus(scratch);
  const packed = EXAMPLES.map((name) => {
    const source = join(scratch, 'source', name);
    cpSync(join(ROOT, 'examples/plugins', name), source, { recursive: true });
    install(source, '--no-save', elanus);
    return pack(source, join(scratch, name));
  });
  mkdirSync(home);
  install(home, elanus, ...packed);
}, 600_000);

afterAll(() => {
  ServedCommand.killAll();
  rmSync(scratch, { recursive: true, force: true });
});

function check(...args: string[]): Ended {
  return run(home, command, ['plugin', 'check', ...args]);
}

/** A copy of an installed example in which `from` has become `to`. */
function spoilt(name: string, file: string, from: string, to: string): string {
  const folder = join(home, 'node_modules', `spoilt-${name}`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(home, 'node_modules', `elanus-${name}`), folder, { recursive: true });
  const path = join(folder, 'dist', file);
  const text = readFileSync(path, 'utf8');
  expect(text.split(from)).toHaveLength(2);
  writeFileSync(path, text.replace(from, to));
  return folder;
}

test('examples: the list shows them beside the built-in ones, with versions and capabilities', () => {
  const { status, output } = run(home, command, ['plugin', 'list']);
  expect(status).toBe(0);
  expect(output).toMatch(/^objectStore +elanus-object-sqlite +0\.1\.0 +durable, for many processes$/m);
  expect(output).toMatch(/^meta +elanus-meta-postgres +0\.1\.0 +durable, for many processes$/m);
  expect(output).toMatch(/^wal +file +\S+ \(built in\) +durable, for one process$/m);
  expect(output).toMatch(/^index +usearch .*npm install usearch@/m);
});

test('examples: object-sqlite passes its kit', { timeout: CHECK_MS_MAX }, () => {
  const { status, output } = check('elanus-object-sqlite');
  expect([status, output]).toEqual([0, expect.stringMatching(/\nran (\d+) of \1 cases, 0 failed\n/)]);
});

test.for([
  [
    'forgets to look before a putIfAbsent',
    "if (this.#find(key) !== undefined)\n                throw failure('AlreadyExists'",
    "if (false)\n                throw failure('AlreadyExists'",
    'broken: 2. putIfAbsent has exactly one winner among racers, across processes',
  ],
  [
    'hands out a version again after a delete',
    'UPDATE counter SET value = value + 1 RETURNING value',
    'SELECT coalesce(max(version), 0) + 1 AS value FROM objects',
    'broken: 3. a version names one content of one key: putIfMatch replaces that or fails',
  ],
  [
    'forgets what is not committed when the process dies',
    'this.#database = database;',
    'this.#database = database; database.exec("CREATE TEMP TABLE objects AS SELECT * FROM main.objects");',
    'broken: 1. a returned put is durable, and a half-written object is never seen',
  ],
] as const)(
  'examples: object-sqlite that %s → red, by the name of the promise',
  { timeout: CHECK_MS_MAX },
  ([, from, to, promise]) => {
    const { status, output } = check(spoilt('object-sqlite', 'sqliteObjectStore.js', from, to));
    expect([status, output]).toEqual([1, expect.stringContaining(promise)]);
  },
);

withPostgres('examples on PostgreSQL', (postgres) => {
  beforeAll(() => {
    const options = `    connectionString: ${postgres().url}\n    schema: "{id}"\n`;
    writeFileSync(join(home, 'check.yaml'), `meta:\n  options:\n${options}`);
  });

  test('meta-postgres passes its kit', { timeout: CHECK_MS_MAX }, () => {
    const { status, output } = check('elanus-meta-postgres', '--config', 'check.yaml');
    expect([status, output]).toEqual([0, expect.stringMatching(/\nran (\d+) of \1 cases, 0 failed\n/)]);
  });

  test('meta-postgres without the lock of its changes → red, by the name of the promise', {
    timeout: CHECK_MS_MAX,
  }, () => {
    const folder = spoilt(
      'meta-postgres',
      'schema.js',
      'SELECT revision INTO at_revision FROM state FOR UPDATE',
      'SELECT revision INTO at_revision FROM state',
    );
    const { status, output } = check(folder, '--config', 'check.yaml');
    expect([status, output]).toEqual([
      1,
      expect.stringContaining('broken: 1. get, range and txn act on the latest state'),
    ]);
  });

  test('both serve, with layers and a cache: rows are there after a restart, metrics tell of the calls', {
    timeout: 120_000,
  }, async () => {
    writeFileSync(
      join(home, 'elanus.yaml'),
      `meta:
  plugin: elanus-meta-postgres
  options: { connectionString: "${postgres().url}" }
  layers: { retriesMax: 3, timeoutMs: 20000, inFlightMax: 8 }
objectStore:
  plugin: elanus-object-sqlite
  options: { path: ./objects.sqlite }
  cache: { memoryBytesMax: 16MiB, diskBytesMax: 64MiB }
`,
    );
    const search = { collection_name: 'things', data: [1, 7, 0, 0], limit: 1, output_fields: ['id'] };
    for (const round of [1, 2]) {
      const server = await ServedCommand.start(command, home);
      const client = new MilvusClient({ address: server.address, logLevel: 'error' });
      if (round === 1) {
        await client.createCollection({ collection_name: 'things', dimension: 4, metric_type: 'COSINE' });
        const data = Array.from({ length: 100 }, (_, id) => ({ id, vector: [1, id, 0, 0] }));
        await client.insert({ collection_name: 'things', data });
        await client.flushSync({ collection_names: ['things'] });
        const metrics = async () => await (await fetch(`http://${server.adminAddress}/metrics`)).text();
        await expect
          .poll(metrics, { timeout: 30_000 })
          .toMatch(/elanus_store_seconds_count\{port="objectStore",operation="put"\} [1-9]/);
        expect(await metrics()).toMatch(/elanus_store_seconds_count\{port="meta",operation="txn"\} [1-9]/);
        expect(await metrics()).not.toContain('port="wal"');
      }
      expect((await client.search(search)).results).toMatchObject([{ id: '7' }]);
      await client.closeConnection();
      expect(await server.stop()).toBe(0);
    }
  });
});
