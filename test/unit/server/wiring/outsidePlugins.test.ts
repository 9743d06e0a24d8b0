import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { AnyPlugin } from '../../../../src/core/ports/plugin.ts';
import { configSchema } from '../../../../src/server/config/schema.ts';
import { outsideModule } from '../../../../src/server/wiring/outsidePlugins.ts';
import { chooseIndexes, chooseStorage, loadPlugin } from '../../../../src/server/wiring/pluginRegistry.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'elanus-outside-')));
const before = process.cwd();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => process.chdir(folder));
afterEach(() => process.chdir(before));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const urlOf = (path: string): string => pathToFileURL(join(folder, path)).href;

test.for([
  ['no package.json', undefined, 'index.js'],
  ['main', { main: './lib/main.js' }, 'lib/main.js'],
  ['exports as a text', { exports: './dist/index.js', main: 'no.js' }, 'dist/index.js'],
  ['exports by path', { exports: { '.': './a.js', './b': './b.js' } }, 'a.js'],
  [
    'exports by condition',
    { exports: { types: './a.d.ts', import: './a.mjs', default: './a.cjs' } },
    'a.mjs',
  ],
  ['nested', { exports: { '.': { require: './no.cjs', node: { default: './node.js' } } } }, 'node.js'],
] as const)('outside: a folder with %s → the module an import would get', ([, manifest, module]) => {
  rmSync(join(folder, 'own'), { recursive: true, force: true });
  mkdirSync(join(folder, 'own'));
  if (manifest !== undefined) write('own/package.json', JSON.stringify(manifest));
  expect(outsideModule('./own')).toBe(urlOf(`own/${module}`));
});

test('outside: a file, a package here or above, an absent one', () => {
  write('node_modules/@acme/store/package.json', '{"exports":"./x.js"}');
  mkdirSync(join(folder, 'deep/er'), { recursive: true });
  process.chdir('deep/er');
  expect(outsideModule('../store.js')).toBe(urlOf('deep/store.js'));
  expect(outsideModule(join(folder, 'store.js'))).toBe(urlOf('store.js'));
  expect(outsideModule('@acme/store')).toBe(urlOf('node_modules/@acme/store/x.js'));
  expect(outsideModule('@acme/absent')).toBeUndefined();
});

function given(changes: object = {}): AnyPlugin {
  return {
    port: 'objectStore',
    portVersion: 1,
    name: 'own',
    configSchema: { parse: (options) => options },
    capabilities: { durable: true, sharedByProcesses: false },
    create: async () => {
      throw new Error('not opened here');
    },
    ...changes,
  } as AnyPlugin;
}

test('given plugins: found by port and name, before built-in ones; their manifest is checked all the same', async () => {
  const config = configSchema.parse({ objectStore: { plugin: 'own', options: { a: 1 } } });
  const own = given();
  expect((await chooseStorage(config, folder, [own])).objectStore.plugin).toBe(own);
  await expect(chooseStorage(config, folder, [])).rejects.toThrow(/npm install own/);
  await expect(chooseStorage(config, folder, [given({ port: 'wal' })])).rejects.toThrow(/npm install own/);
  await expect(loadPlugin('objectStore', 'own', [given({ portVersion: 2 })])).rejects.toThrow(
    /version 2 of the port/,
  );
  const fs = given({ name: 'fs' });
  expect(await loadPlugin('objectStore', 'fs', [fs])).toBe(fs);
});

test('given plugins: an index is known to the threads by its name in the configuration', async () => {
  const graph = given({ port: 'index', name: 'mine', workerModule: 'file:///x.js' });
  const chosen = await chooseIndexes({ graph: 'mine', options: {}, minRowsToBuild: 0 }, [graph]);
  expect(chosen.map(({ name }) => name)).toEqual(['flat', 'mine']);
});
