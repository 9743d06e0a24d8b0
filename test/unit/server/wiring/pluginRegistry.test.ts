import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { chooseIndexes, chooseStorage, loadPlugin } from '../../../../src/server/wiring/pluginRegistry.ts';

const folder = mkdtempSync(join(tmpdir(), 'elanus-plugins-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pluginFile(name: string, body: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, body);
  return path;
}

function manifest(changes: string): string {
  return `export default { port: 'meta', portVersion: 1, name: 'x', configSchema: { parse: (o) => o },
    capabilities: { durable: true, sharedByProcesses: false }, create: async () => ({}), ${changes} };`;
}

const builtIn = {
  meta: { plugin: 'embedded', options: {} },
  wal: { plugin: 'file', options: {} },
  objectStore: { plugin: 'fs', options: {} },
};

test('plugins: the built-in ones take their folders from the data folder', async () => {
  const plugins = await chooseStorage(builtIn, join(folder, 'data'));
  expect([plugins.meta.plugin.name, plugins.wal.plugin.name, plugins.objectStore.plugin.name]).toEqual([
    'embedded',
    'file',
    'fs',
  ]);
});

test('plugins: all in memory → three stores that keep nothing', async () => {
  const memory = { plugin: 'memory', options: {} };
  const { meta, wal, objectStore } = await chooseStorage(
    { meta: memory, wal: memory, objectStore: memory },
    '',
  );
  expect([meta, wal, objectStore].map(({ plugin }) => [plugin.port, plugin.capabilities.durable])).toEqual([
    ['meta', false],
    ['wal', false],
    ['objectStore', false],
  ]);
});

test('plugins: the indexes are the scan and the chosen graph, each with a worker module that is there', async () => {
  for (const graph of ['hnsw', 'usearch'] as const) {
    const chosen = await chooseIndexes({ graph, options: {}, minRowsToBuild: 0 });
    expect(chosen.map(({ plugin }) => plugin.name)).toEqual(['flat', graph]);
    for (const { plugin } of chosen) expect(existsSync(new URL(plugin.workerModule))).toBe(true);
  }
});

test('plugins: wrong options of the graph → refused with their path', async () => {
  const wrong = (options: Record<string, unknown>) =>
    chooseIndexes({ graph: 'usearch', options, minRowsToBuild: 0 });
  await expect(wrong({ quantization: 'f8' })).rejects.toThrow(/^index\.options\.quantization: /);
  await expect(wrong({ quantisation: 'f16' })).rejects.toThrow(/index\.options: .*quantisation/);
  expect((await wrong({ quantization: 'f16' }))[1]!.config).toEqual({ quantization: 'f16' });
});

test('plugins: unknown options of every storage plugin → refused by name', async () => {
  for (const port of ['meta', 'wal', 'objectStore'] as const) {
    const wrong = { ...builtIn, [port]: { ...builtIn[port], options: { pahth: 'x' } } };
    await expect(chooseStorage(wrong, folder), port).rejects.toThrow(
      new RegExp(`^${port}\\.options: .*pahth`),
    );
  }
});

test('plugins: a path → loaded', async () => {
  const plugin = await loadPlugin('meta', pluginFile('fine', manifest('')));
  expect(plugin.name).toBe('x');
});

test('plugins: a package that is not installed → the install line', async () => {
  await expect(loadPlugin('meta', '@acme/elanus-meta-absent')).rejects.toMatchObject({
    kind: 'Unsupported',
    message: expect.stringMatching(/^meta\.plugin: .*npm install @acme\/elanus-meta-absent$/),
  });
});

test('plugins: a misspelt name → the near one', async () => {
  await expect(loadPlugin('meta', 'embeded')).rejects.toThrow(/did you mean embedded\?/);
});

test('plugins: a package that a plugin needs is absent → the install line of that package', async () => {
  const path = pluginFile('needs', `import 'elanus-driver-absent/inner';\n${manifest('')}`);
  await expect(loadPlugin('meta', path)).rejects.toThrow(/npm install elanus-driver-absent$/);
});

test('plugins: packages of the working directory are found', async () => {
  const home = join(folder, 'home');
  mkdirSync(join(home, 'node_modules/elanus-own'), { recursive: true });
  writeFileSync(
    join(home, 'node_modules/elanus-own/index.js'),
    `module.exports = { port: 'meta', portVersion: 1, name: 'own',
    configSchema: { parse: (o) => o }, capabilities: {}, create: () => ({}) };`,
  );
  const { execFileSync } = await import('node:child_process');
  const registry = new URL('../../../../src/server/wiring/pluginRegistry.ts', import.meta.url).href;
  const code = `const { loadPlugin } = await import(${JSON.stringify(registry)}); console.log((await loadPlugin('meta', 'elanus-own')).name);`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: home,
    encoding: 'utf8',
  });
  expect(printed.trim()).toBe('own');
});

test('plugins: no plugin, another port, another version → refused by name', async () => {
  const cases = [
    ['nothing', 'export const x = 1;', /is no plugin/],
    ['port', manifest("port: 'wal'"), /is a plugin for wal, not for meta/],
    ['version', manifest('portVersion: 2'), /version 2 of the port; this server has 1/],
  ] as const;
  for (const [name, body, message] of cases) {
    await expect(loadPlugin('meta', pluginFile(name, body)), name).rejects.toThrow(message);
  }
});

test('plugins: wrong options → every problem with its path', async () => {
  const wrong = { ...builtIn, wal: { plugin: 'file', options: { batchBytesMax: 1, recordBytesMax: 'x' } } };
  await expect(chooseStorage(wrong, folder)).rejects.toMatchObject({
    kind: 'Invalid',
    message: expect.stringMatching(
      /wal\.options\.recordBytesMax: .*\n.*wal\.options\.batchBytesMax: |wal\.options\.batchBytesMax: .*\n?.*/s,
    ),
  });
});

test('plugins: storage that forgets beside storage that does not → refused', async () => {
  const forgetful = pluginFile(
    'forgets',
    manifest('capabilities: { durable: false, sharedByProcesses: false }'),
  );
  const mixed = { ...builtIn, meta: { plugin: forgetful, options: {} } };
  await expect(chooseStorage(mixed, folder)).rejects.toThrow(
    /meta\.plugin: x forgets everything at a restart/,
  );
});
