import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ElanusServer } from '../../conformance/protocol/harness/elanusServer.ts';
import { build } from '../../scripts/build.ts';
import type { ServerName } from '../../scripts/servers/definition.ts';
import type { BackendServer } from '../../scripts/servers/running.ts';
import { COLLECTIONS } from '../crash/collections.ts';
import { connect, isOk, statusOf } from '../crash/replies.ts';
import { keyOf, rowOf } from '../crash/rows.ts';
import { SMALL_BOUNDS, Workload } from '../crash/workload.ts';
import { withServer } from './backend.ts';
import { COMBINATIONS, type Combination } from './system/combinations.ts';
import { Installation } from './system/installation.ts';

/**
 * The whole system on each combination of storage in system/combinations.ts, on real servers. SYSTEM_ROUNDS and SYSTEM_SEED set
 * the rounds of writing, killing and comparing, SYSTEM_AWAY_MS how long a server is away while Elanus lives on, and
 * SYSTEM_PACKAGES=all takes the whole of ../shared/data where that is there.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../dist/elanus.js', import.meta.url));
/** Files of conformance/protocol/node. */
const PROTOCOL = ['definitions', 'rows', 'search'];
const ROUNDS = Number(process.env.SYSTEM_ROUNDS ?? 3);
const SEED = Number(process.env.SYSTEM_SEED ?? Math.floor(Math.random() * 2 ** 31));
const WRITE_MS_MAX = 2_000;
const AWAY_MS_MAX = 1_000;
const AWAY_MS = Number(process.env.SYSTEM_AWAY_MS ?? 3_000);
const PACKAGES = process.env.SYSTEM_PACKAGES ?? 'sample';
/** A client that lost its server tries again within seconds; Pulsar's waits the longest. */
const RECOVERY_MS_MAX = 90_000;
/** The number of a writer that does not exist. */
const NOBODY = 99;
const MINUTE_MS = 60_000;
const START_MS_MAX = 4 * MINUTE_MS;
const TEST_MS_MAX = 15 * MINUTE_MS;

beforeAll(() => build(false), START_MS_MAX);

for (const combination of COMBINATIONS) {
  const { name, whyNot } = combination;
  if (whyNot !== undefined && process.env.CI !== 'true') console.log(`not run: ${name}: ${whyNot}`);
  else describe(name, () => withServers(combination.servers, (servers) => cases(combination, servers)));
}

function withServers(
  names: readonly ServerName[],
  define: (servers: () => readonly BackendServer[]) => void,
  started: readonly (() => BackendServer)[] = [],
): void {
  const [name, ...others] = names;
  if (name === undefined) define(() => started.map((server) => server()));
  else withServer(name, (server) => withServers(others, define, [...started, server]));
}

function cases(combination: Combination, servers: () => readonly BackendServer[]): void {
  const installation = new Installation(combination, servers);
  afterAll(() => installation.dispose());

  test(
    'the packages',
    async () => {
      expect(await nodeCases(['packages'], (await installation.place()).config)).toEqual(PASSED);
    },
    TEST_MS_MAX,
  );

  test(
    'the protocol',
    async () => {
      for (const name of PROTOCOL)
        expect(await nodeCases([name], (await installation.place()).config), name).toEqual(PASSED);
    },
    TEST_MS_MAX,
  );

  test(
    'kill -9 of Elanus',
    async () => {
      const counts = await rounds(installation, () => []);
      console.log(`${combination.name}, kill -9 of Elanus: ${counts}, seed ${SEED}`);
    },
    TEST_MS_MAX,
  );

  if (combination.servers.length > 0) {
    test(
      'kill -9 of each server behind it, then of Elanus',
      async () => {
        const counts = await rounds(installation, (round) => {
          const running = installation.servers;
          return [running[round % running.length]!];
        });
        console.log(`${combination.name}, kill -9 of its servers: ${counts}, seed ${SEED}`);
      },
      TEST_MS_MAX,
    );

    test(
      'each server behind it goes away and returns: Elanus goes on without a restart',
      async () => {
        const counts = await ridesOut(installation);
        console.log(`${combination.name}, servers away for ${AWAY_MS} ms: ${counts}, seed ${SEED}`);
      },
      TEST_MS_MAX,
    );
  }

  test(
    'migrated there from embedded and back, every row',
    async () => {
      const embedded = new Installation(COMBINATIONS[0]!, () => []);
      try {
        await thereAndBack(embedded, installation);
      } finally {
        embedded.dispose();
      }
    },
    TEST_MS_MAX,
  );
}

const PASSED = { code: 0, output: expect.stringMatching(/Tests .*passed/) };

/** Runs cases of the protocol against servers with this configuration. */
function nodeCases(names: readonly string[], config: string) {
  const args = ['run', '--config', 'conformance/protocol/vitest.config.ts'];
  const env = { ELANUS_CONFIG: config, NO_COLOR: '1', PACKAGES };
  return ended('vitest', [...args, '--dir', 'conformance/protocol/node', ...names], env);
}

async function ended(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

async function newServer(installation: Installation): Promise<{ config: string; server: ElanusServer }> {
  const { config, dataDir } = await installation.place();
  return { config, server: new ElanusServer({ dataDir, env: { ...SMALL_BOUNDS, ELANUS_CONFIG: config } }) };
}

/** Rounds of writing, killing and comparing. Resolves with the counts in words. */
async function rounds(
  installation: Installation,
  victims: (round: number) => readonly BackendServer[],
): Promise<string> {
  const workload = new Workload(SEED);
  const { server } = await newServer(installation);
  try {
    await server.start();
    await workload.createCollections(server);
    for (let round = 0; round < ROUNDS; round++) {
      const killed = victims(round);
      const outage = killed.length === 0 ? undefined : () => outageOf(killed, workload);
      const aliveMs = 200 + workload.random.integer(WRITE_MS_MAX);
      expect(await workload.writeUntilKilled(server, aliveMs, outage)).toEqual([]);
      await server.start();
      expect(await workload.compare(server)).toEqual([]);
    }
    expect(workload.acknowledged).toBeGreaterThan(0);
  } catch (error) {
    throw new Error(`the server said:\n${server.output}`, { cause: error });
  } finally {
    await server.kill();
  }
  return `${ROUNDS} rounds, ${workload.acknowledged} operations acknowledged, ${workload.unknown} unknown, 0 wrong`;
}

/** Each server is killed and returns while Elanus runs. Resolves with the counts in words. */
async function ridesOut(installation: Installation): Promise<string> {
  const workload = new Workload(SEED);
  const { server } = await newServer(installation);
  const waits: string[] = [];
  try {
    await server.start();
    await workload.createCollections(server);
    for (const behind of installation.servers) {
      const outage = async () => {
        await endOf(behind);
        await sleep(AWAY_MS);
        await behind.start();
        waits.push(`${behind.name} ${await untilAllAccept(server)} ms`);
      };
      expect(await workload.writeThrough(server, WRITE_MS_MAX / 2, outage), behind.name).toEqual([]);
      expect(await workload.compare(server), behind.name).toEqual([]);
    }
    expect(await workload.writeUntilKilled(server, WRITE_MS_MAX)).toEqual([]);
    await server.start();
    expect(await workload.compare(server)).toEqual([]);
  } catch (error) {
    throw new Error(`the server said:\n${server.output}`, { cause: error });
  } finally {
    await server.kill();
  }
  const counts = `${workload.acknowledged} operations acknowledged, ${workload.unknown} unknown, 0 wrong`;
  return `writes accepted again after ${waits.join(', ')}; ${counts}`;
}

/** Resolves with the milliseconds until every shard takes a write, of keys that nobody has. */
async function untilAllAccept(server: ElanusServer): Promise<number> {
  const startMs = performance.now();
  const client = await connect(server.address);
  const ids = Array.from({ length: 64 }, (_, slot) => keyOf(NOBODY, slot));
  for (const { name } of COLLECTIONS) {
    for (;;) {
      const reply = await client.delete({ collection_name: name, ids });
      if (isOk(reply)) break;
      if (performance.now() - startMs > RECOVERY_MS_MAX)
        throw new Error(`${name} still takes no writes: ${statusOf(reply).reason}`);
    }
  }
  await client.closeConnection();
  return Math.round(performance.now() - startMs);
}

/** Azurite alone is stopped: what it acknowledged in the last seconds is only in its memory. */
function endOf(server: BackendServer): Promise<void> {
  return server.name === 'azurite' ? server.stop() : server.kill();
}

async function outageOf(servers: readonly BackendServer[], { random }: Workload): Promise<void> {
  for (const server of servers) {
    await endOf(server);
    await sleep(random.integer(AWAY_MS_MAX));
    await server.start();
    await sleep(random.integer(WRITE_MS_MAX));
  }
}

async function thereAndBack(embedded: Installation, other: Installation): Promise<void> {
  const workload = new Workload(SEED);
  let at = await newServer(embedded);
  try {
    await at.server.start();
    await workload.createCollections(at.server);
    expect(await workload.writeUntilKilled(at.server, WRITE_MS_MAX)).toEqual([]);
    for (const installation of [other, embedded]) {
      const source = at;
      at = await newServer(installation);
      const options = ['--from', source.config, '--to', at.config];
      // Nobody locks shared storage: a server that still runs there is fenced.
      const stillRuns = installation === embedded && other.servers.length > 0;
      if (stillRuns) {
        options.push('--from-data-dir', `${source.server.dataDir}-of-migration`);
        await source.server.start();
      }
      const { code, output } = await ended(process.execPath, [COMMAND, 'migrate', ...options]);
      expect(output).toContain('done: the target can be served');
      expect(code).toBe(0);
      if (stillRuns) expect(await takesInsert(source.server)).toBe(false);
      await source.server.kill();
      for (let start = 0; start < 2; start++) {
        await at.server.start();
        expect(await workload.compare(at.server)).toEqual([]);
        expect(await workload.writeUntilKilled(at.server, WRITE_MS_MAX / 2)).toEqual([]);
      }
    }
  } finally {
    await at.server.kill();
  }
}

async function takesInsert(server: ElanusServer): Promise<boolean> {
  const client = await connect(server.address);
  const { vector, ...scalars } = rowOf(0, 0, 0);
  const data = [{ ...scalars, vector: [...vector] }];
  const reply = await client.insert({ collection_name: COLLECTIONS[0]!.name, data });
  await client.closeConnection();
  return isOk(reply);
}
