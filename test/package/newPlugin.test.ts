import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { install, packElanus, ROOT, run } from './packed.ts';
import { ServedCommand } from './served.ts';

const scratch = mkdtempSync(join(tmpdir(), 'elanus-new-'));
const home = join(scratch, 'home');
const command = join(home, 'node_modules/.bin/elanus');
const tsc = join(ROOT, 'node_modules/.bin/tsc');

beforeAll(async () => {
  const elanus = await packElanus(scratch);
  mkdirSync(home);
  install(home, elanus);
  install(home, '@types/node@24.19.2');
}, 300_000);

afterAll(() => {
  ServedCommand.killAll();
  rmSync(scratch, { recursive: true, force: true });
});

function elanus(...args: string[]) {
  return run(home, command, args);
}

test.for(['meta', 'wal', 'objectStore', 'index'])(
  'plugin new %s: the package it writes passes its kit, its types and, built, the check',
  { timeout: 180_000 },
  (port) => {
    const name = `my-${port.toLowerCase()}`;
    expect(elanus('plugin', 'new', port, name)).toMatchObject({ status: 0 });
    const folder = join(home, name);
    const tested = run(folder, 'npm', ['test']);
    expect([tested.status, tested.output]).toEqual([0, expect.stringMatching(/: ran (\d+) of \1 cases/)]);
    expect(run(folder, tsc, ['-p', '.'])).toEqual({ status: 0, output: '' });
    const checked = elanus('plugin', 'check', `./${name}`);
    expect([checked.status, checked.output]).toEqual([
      0,
      expect.stringMatching(/ran (\d+) of \1 cases, 0 failed/),
    ]);
  },
);

test('plugin new index: the package serves as the graph, over a restart', { timeout: 120_000 }, async () => {
  writeFileSync(join(home, 'index.yaml'), 'index:\n  graph: ./my-index\n  minRowsToBuild: 100\n');
  const search = { collection_name: 'things', data: [1, 77, 0, 0], limit: 3, output_fields: ['id'] };
  for (const round of [1, 2]) {
    const server = await ServedCommand.start(command, home, '--config', 'index.yaml');
    const client = new MilvusClient({ address: server.address, logLevel: 'error' });
    if (round === 1) {
      await client.createCollection({ collection_name: 'things', dimension: 4, metric_type: 'L2' });
      const data = Array.from({ length: 2_000 }, (_, id) => ({ id, vector: [1, id, 0, 0] }));
      await client.insert({ collection_name: 'things', data });
      await client.flushSync({ collection_names: ['things'] });
    }
    const found = await client.search(search);
    expect(found.results.map(({ id }) => id).sort()).toEqual(['76', '77', '78']);
    await client.closeConnection();
    expect(await server.stop()).toBe(0);
  }
});

test('plugin: wrong use → exit code 2 and what is right', () => {
  for (const [args, text] of [
    [['plugin'], 'which command?'],
    [['plugin', 'bogus'], 'no command bogus'],
    [['plugin', 'check'], 'takes <package or path>, got nothing'],
    [['plugin', 'check', 'x', 'y'], 'takes <package or path>, got x y'],
    [['plugin', 'check', '--wrong'], '--wrong'],
    [['plugin', 'new', 'bogus', 'x'], 'there are meta, wal, objectStore, index'],
    [['plugin', 'new', 'meta', '../x'], 'no name of a package'],
    [['plugin', 'new', 'meta', 'my-meta'], 'not empty'],
  ] as const) {
    const ended = elanus(...args);
    expect([args, ended.status, ended.output]).toEqual([args, 2, expect.stringContaining(text)]);
  }
});

test('plugin: --help of every command → what it takes', () => {
  for (const args of [['plugin'], ['plugin', 'list'], ['plugin', 'check'], ['plugin', 'new']]) {
    const { status, output } = elanus(...args, '--help');
    expect([status, output]).toEqual([0, expect.stringContaining(`elanus ${args.join(' ')}`)]);
  }
});

test('plugin check: no plugin, another version, absent, options that do not fit → says which', () => {
  const manifest = (changes: string) => `export default { port: 'meta', portVersion: 1, name: 'x',
    configSchema: { parse: (o) => { if (o.bad) throw new TypeError('bad is not wanted'); return o; } },
    capabilities: { durable: true, sharedByProcesses: false }, create: async () => { throw new Error('no server'); }, ${changes} };`;
  writeFileSync(join(home, 'none.mjs'), 'export const x = 1;');
  writeFileSync(join(home, 'later.mjs'), manifest('portVersion: 2'));
  writeFileSync(join(home, 'down.mjs'), manifest(''));
  writeFileSync(join(home, 'bad.yaml'), 'meta:\n  options: { bad: true, path: "{folder}" }\n');
  writeFileSync(join(home, 'fine.yaml'), 'meta:\n  options: { path: "{folder}" }\n');
  for (const [args, status, text] of [
    [['./none.mjs'], 2, 'is no plugin'],
    [['./later.mjs'], 2, 'made for version 2 of the port; this server has 1'],
    [['./absent.mjs'], 1, 'does not exist'],
    [['elanus-absent'], 1, 'npm install elanus-absent'],
    [['./down.mjs'], 2, 'must hold {folder} or {id}'],
    [['./down.mjs', '--config', 'bad.yaml'], 2, 'meta.options: bad is not wanted'],
    [['./down.mjs', '--config', 'absent.yaml'], 2, 'cannot be read'],
    [['./down.mjs', '--config', 'fine.yaml'], 1, 'ran 1 of 80 cases, 1 failed'],
  ] as const) {
    const ended = elanus('plugin', 'check', ...args);
    expect([args, ended.status, ended.output]).toEqual([args, status, expect.stringContaining(text)]);
  }
});
