import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from '../../scripts/build.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'elanus-package-'));
const home = join(scratch, 'home');
const command = join(home, 'node_modules/.bin/elanus');
const running = new Set<ChildProcess>();

/** Without what the `npm run` around this test adds; the first `node` on the path is the one that runs the tests. */
const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|ELANUS_)/i.test(name)),
  ),
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
};

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, {
    cwd,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function run(args: readonly string[], extra: Readonly<Record<string, string>> = {}) {
  return spawnSync(command, args, {
    cwd: home,
    env: { ...environment, ...extra },
    encoding: 'utf8',
    timeout: 60_000,
  });
}

beforeAll(async () => {
  await build(false);
  const printed = npm(ROOT, 'pack', '--json', '--ignore-scripts', '--pack-destination', scratch);
  const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm pack made no tarball: ${printed}`);
  mkdirSync(home);
  npm(home, 'install', '--no-audit', '--no-fund', '--prefer-offline', join(scratch, tarball));
}, 300_000);

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

async function serve(...args: string[]): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(command, ['--data-dir', 'data', '--port', '0', '--admin-port', '0', ...args], {
    cwd: home,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (printed.includes('connect')) break;
  }
  return { child, address: /listens on (\S+)/.exec(printed)?.[1] ?? '' };
}

test('package: holds what runs, the licences and nothing else', () => {
  const installed = join(home, 'node_modules/elanus');
  expect(readdirSync(installed).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'docs',
    'package.json',
  ]);
  expect(readdirSync(join(installed, 'docs'))).toEqual(['elanus.schema.json']);
  expect(readdirSync(join(installed, 'dist')).sort()).toEqual([
    'chunks',
    'core',
    'elanus.js',
    'kernels',
    'licences.txt',
    'plugins',
    'server',
  ]);
  expect(readFileSync(join(installed, 'dist/licences.txt'), 'utf8')).toContain('@grpc/grpc-js');
  expect(existsSync(join(home, 'node_modules/usearch'))).toBe(false);
});

test('package: the command serves; create, insert, search and search after a restart answer', async () => {
  const first = await serve();
  const client = new MilvusClient({ address: first.address, logLevel: 'error' });
  await client.createCollection({ collection_name: 'things', dimension: 4, metric_type: 'COSINE' });
  const data = Array.from({ length: 100 }, (_, id) => ({ id, vector: [1, id, 0, 0], name: `thing ${id}` }));
  const inserted = await client.insert({ collection_name: 'things', data });
  expect(inserted.insert_cnt).toBe('100');
  const search = { collection_name: 'things', data: [1, 7, 0, 0], limit: 1, output_fields: ['id', 'name'] };
  expect((await client.search(search)).results).toMatchObject([{ id: '7', name: 'thing 7' }]);
  await client.closeConnection();

  const exited = once(first.child, 'exit');
  first.child.kill('SIGTERM');
  expect((await exited)[0]).toBe(0);
  const second = await serve();
  const again = new MilvusClient({ address: second.address, logLevel: 'error' });
  expect((await again.search(search)).results).toMatchObject([{ id: '7', name: 'thing 7' }]);
  await again.closeConnection();
  second.child.kill('SIGTERM');
});

test('package: a graph whose package is not installed → the line that installs it, when starting and with --check', () => {
  const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    peerDependencies: { usearch: string };
  };
  const line = `index.graph: usearch: the package usearch is not installed. Install it with: npm install usearch@${peerDependencies.usearch}`;
  const environmentOfGraph = { ELANUS_INDEX_GRAPH: 'usearch' };
  for (const args of [['--check'], ['--data-dir', 'other', '--port', '0', '--admin-port', '0']]) {
    const { status, stderr } = run(args, environmentOfGraph);
    expect([status, stderr]).toEqual([1, expect.stringContaining(line)]);
  }
});

test('package: a Node.js that is too old → says so, names itself and a way out', () => {
  const preload = join(scratch, 'old.cjs');
  writeFileSync(
    preload,
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });",
  );
  const { status, stderr } = run([], { NODE_OPTIONS: `--require ${preload}` });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^Elanus needs Node\.js 22\.13 or newer, and this is 20\.19\.0 .*\n.*npx -p node@24 /,
  );
});

test('package: its modules are not for import, its manifest is', () => {
  const code = "await import('elanus').then(() => console.log('no'), (error) => console.log(error.code));";
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: home,
    encoding: 'utf8',
  });
  expect(printed.trim()).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
});
