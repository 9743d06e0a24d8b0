import { execFileSync, spawnSync } from 'node:child_process';
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
import { join } from 'node:path';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment, install, packElanus, ROOT } from './packed.ts';
import { ServedCommand } from './served.ts';

const scratch = mkdtempSync(join(tmpdir(), 'elanus-package-'));
const home = join(scratch, 'home');
const command = join(home, 'node_modules/.bin/elanus');

function run(args: readonly string[], extra: Readonly<Record<string, string>> = {}) {
  return spawnSync(command, args, {
    cwd: home,
    env: { ...environment, ...extra },
    encoding: 'utf8',
    timeout: 60_000,
  });
}

beforeAll(async () => {
  const tarball = await packElanus(scratch);
  mkdirSync(home);
  install(home, tarball);
}, 300_000);

afterAll(() => {
  ServedCommand.killAll();
  rmSync(scratch, { recursive: true, force: true });
});

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
    'conformance',
    'core',
    'elanus.js',
    'kernels',
    'licences.txt',
    'plugin.js',
    'pluginRules.js',
    'plugins',
    'serve.js',
    'server',
    'templates',
    'types',
  ]);
  expect(readFileSync(join(installed, 'dist/licences.txt'), 'utf8')).toContain('@grpc/grpc-js');
  expect(existsSync(join(home, 'node_modules/usearch'))).toBe(false);
});

test('package: the command serves; create, insert, search and search after a restart answer', async () => {
  const first = await ServedCommand.start(command, home);
  const client = new MilvusClient({ address: first.address, logLevel: 'error' });
  await client.createCollection({ collection_name: 'things', dimension: 4, metric_type: 'COSINE' });
  const data = Array.from({ length: 100 }, (_, id) => ({ id, vector: [1, id, 0, 0], name: `thing ${id}` }));
  const inserted = await client.insert({ collection_name: 'things', data });
  expect(inserted.insert_cnt).toBe('100');
  const search = { collection_name: 'things', data: [1, 7, 0, 0], limit: 1, output_fields: ['id', 'name'] };
  expect((await client.search(search)).results).toMatchObject([{ id: '7', name: 'thing 7' }]);
  await client.closeConnection();

  expect(await first.stop()).toBe(0);
  const second = await ServedCommand.start(command, home);
  const again = new MilvusClient({ address: second.address, logLevel: 'error' });
  expect((await again.search(search)).results).toMatchObject([{ id: '7', name: 'thing 7' }]);
  await again.closeConnection();
  expect(await second.stop()).toBe(0);
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

test('package: its modules are not for import but for the entries; elanus/plugin has no state', () => {
  const code = `
    const list = async (name) => {
      try { return Object.keys(await import(name)).sort(); } catch (error) { return error.code; }
    };
    const names = ['elanus', 'elanus/dist/plugin.js', 'elanus/plugin', 'elanus/serve', 'elanus/conformance/node-test'];
    console.log(JSON.stringify(await Promise.all(names.map(list))));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: home,
    encoding: 'utf8',
  });
  expect(JSON.parse(printed)).toEqual([
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
    ['ElanusError', 'definePlugin'],
    ['serve'],
    ['registerCases'],
  ]);
});
