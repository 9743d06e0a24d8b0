import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from '../../../../scripts/build.ts';

const COMMAND = fileURLToPath(new URL('../../../../dist/elanus.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'elanus-command-'));
const running = new Set<ChildProcess>();

beforeAll(() => build(false));
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]) {
  return spawnSync(process.execPath, [COMMAND, ...args], { cwd: folder, encoding: 'utf8', timeout: 20_000 });
}

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  readonly adminPort: number;
  readonly printed: string;
}

async function start(dataDir: string, ...args: string[]): Promise<Server> {
  const all = [COMMAND, '--data-dir', dataDir, '--port', '0', '--admin-port', '0', ...args];
  const child = spawn(process.execPath, all, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (printed.includes('connect')) break;
  }
  const port = Number(/listens on 127\.0\.0\.1:(\d+)/.exec(printed)?.[1]);
  const adminPort = Number(/http:\/\/127\.0\.0\.1:(\d+)\/healthz/.exec(printed)?.[1]);
  return { child, port, adminPort, printed };
}

async function stop({ child }: Server, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await exited)[0];
}

test('elanus: starts, says where and with what, serves, stops on SIGTERM with code 0', async () => {
  const server = await start('first');
  expect(server.printed.split('\n')).toHaveLength(5);
  expect(server.printed).toContain('first (meta embedded, wal file, objects fs, index hnsw)');
  expect(server.printed).toContain(`MilvusClient(uri="http://127.0.0.1:${server.port}")`);
  const health = await fetch(`http://127.0.0.1:${server.adminPort}/healthz`);
  expect([health.status, await health.text()]).toEqual([200, 'OK']);
  expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(501);
  expect(await stop(server, 'SIGTERM')).toBe(0);
});

test('elanus: SIGINT stops too, and the folder can be opened again', async () => {
  for (let round = 0; round < 2; round++) expect(await stop(await start('again'), 'SIGINT')).toBe(0);
});

test('elanus: data folder in use, port in use, folder unusable → one line and code 1', async () => {
  const server = await start('held');
  const locked = run('--data-dir', 'held', '--port', '0', '--admin-port', '0');
  expect(locked.status).toBe(1);
  expect(locked.stderr).toMatch(/^elanus: cannot start: .*held is in use by another server \(pid \d+.*\n$/);

  const taken = run('--data-dir', 'other', '--port', String(server.port), '--admin-port', '0');
  expect(taken.status).toBe(1);
  expect(taken.stderr).toMatch(
    /^elanus: cannot start: port \d+ on 127\.0\.0\.1 is in use by another process.*\n$/,
  );

  writeFileSync(join(folder, 'file'), '');
  const unusable = run('--data-dir', 'file/inner', '--port', '0', '--admin-port', '0');
  expect(unusable.status).toBe(1);
  expect(unusable.stderr.split('\n')).toHaveLength(2);
  expect(await stop(server, 'SIGTERM')).toBe(0);
});

test('elanus: wrong configuration → every problem and code 2', () => {
  writeFileSync(join(folder, 'wrong.yaml'), 'server: { port: 70000 }\nloq: 1\nwal: { plugin: file }\n');
  const { status, stderr } = run('--config', 'wrong.yaml', '--host', '0.0.0.0');
  expect(status).toBe(2);
  expect(stderr).toMatch(/2 problems in the configuration/);
  expect(stderr).toMatch(/server\.port: 70000 is above the limit of 65535 \(wrong\.yaml, line 1\)/);
  expect(stderr).toMatch(/loq: unknown key; did you mean log\?/);
});

test('elanus: a host that others can reach → the reason and code 2', () => {
  const { status, stderr } = run('--host', '0.0.0.0');
  expect(status).toBe(2);
  expect(stderr).toMatch(/server\.host: "0\.0\.0\.0".*security\.allowUnauthenticated: true/);
});

test('elanus: unknown options → a hint and code 2; wrong plugin options too', () => {
  const typo = run('--prot', '1');
  expect([typo.status, typo.stderr]).toEqual([
    2,
    'elanus: unknown option --prot; did you mean --port?\nTry: elanus --help\n',
  ]);
  expect(run('server').status).toBe(2);
  writeFileSync(join(folder, 'options.yaml'), 'wal: { options: { batchBytesMax: 1 } }\n');
  const options = run('--config', 'options.yaml', '--data-dir', 'third', '--port', '0', '--admin-port', '0');
  expect([options.status, options.stderr]).toEqual([
    2,
    expect.stringMatching(/wal\.options\.batchBytesMax: /),
  ]);
});

test('elanus --check: prints what would be used without secrets, opens nothing', () => {
  writeFileSync(join(folder, 'fine.yaml'), 'dataDir: never\nserver: { receiveMessageBytesMax: 32MiB }\n');
  const { status, stdout } = run('--config', 'fine.yaml', '--check', '--port', '7');
  expect(status).toBe(0);
  expect(stdout).toContain('port: 7\n');
  expect(stdout).toContain(`receiveMessageBytesMax: ${32 * 2 ** 20}\n`);
  expect(() => readFileSync(join(folder, 'never', 'LOCK'))).toThrow(/ENOENT/);
});

test('elanus --check: options of the graph are checked too, and storage that forgets beside storage that does not', () => {
  writeFileSync(join(folder, 'graph.yaml'), 'index: { graph: usearch, options: { quantization: f8 } }\n');
  const graph = run('--config', 'graph.yaml', '--check');
  expect([graph.status, graph.stderr]).toEqual([2, expect.stringContaining('index.options.quantization: ')]);
  writeFileSync(join(folder, 'mixed.yaml'), 'wal: { plugin: memory }\n');
  const mixed = run('--config', 'mixed.yaml', '--check');
  expect([mixed.status, mixed.stderr]).toEqual([2, expect.stringContaining('wal.plugin: memory forgets')]);
});

test('elanus: all storage in memory → serves, and nothing is there after a restart', async () => {
  const memory = ['meta', 'wal', 'objectStore'].map((port) => `${port}: { plugin: memory }\n`);
  writeFileSync(join(folder, 'memory.yaml'), memory.join(''));
  for (let round = 0; round < 2; round++) {
    const server = await start('nothing', '--config', 'memory.yaml');
    const client = new MilvusClient({ address: `127.0.0.1:${server.port}`, logLevel: 'error' });
    expect((await client.hasCollection({ collection_name: 'gone' })).value).toBe(false);
    await client.createCollection({ collection_name: 'gone', dimension: 2 });
    await client.insert({ collection_name: 'gone', data: [{ id: 1, vector: [1, 0] }] });
    const found = await client.search({ collection_name: 'gone', data: [1, 0], output_fields: ['id'] });
    expect(found.results).toMatchObject([{ id: '1' }]);
    await client.closeConnection();
    expect(await stop(server, 'SIGTERM')).toBe(0);
  }
});

test('elanus --help and --version', () => {
  const help = run('--help');
  expect(help.status).toBe(0);
  for (const option of [
    '--config',
    '--data-dir',
    '--port',
    '--host',
    '--admin-port',
    '--check',
    '--version',
  ]) {
    expect(help.stdout).toContain(option);
  }
  const manifest = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(run('--version').stdout).toBe(`elanus ${manifest.version}\n`);
});

test('elanus: Node.js too old → says so, code 1', () => {
  const preload = join(folder, 'old.cjs');
  writeFileSync(
    preload,
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } });",
  );
  const { status, stderr } = spawnSync(process.execPath, ['--require', preload, COMMAND], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/needs Node\.js 22\.13 or newer, and this is 18\.20\.0/);
});
