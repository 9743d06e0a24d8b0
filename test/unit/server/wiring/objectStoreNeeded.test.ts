import { Container } from 'inversify';
import 'reflect-metadata';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { configSchema } from '../../../../src/server/config/schema.ts';
import { MetricsRegistry } from '../../../../src/server/metrics/metricsRegistry.ts';
import { Lifecycle } from '../../../../src/server/wiring/lifecycle.ts';
import { chooseStorage } from '../../../../src/server/wiring/pluginRegistry.ts';
import { bindStorage } from '../../../../src/server/wiring/storage.ts';
import { TOKENS } from '../../../../src/server/wiring/tokens.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';

const folder = mkdtempSync(join(tmpdir(), 'elanus-needs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A plugin that writes down when it opens and closes, and which store it was given. */
function pluginFile(port: string, changes = ''): string {
  const path = join(folder, `${port}${changes === '' ? '' : '-needs'}.mjs`);
  writeFileSync(
    path,
    `const told = (globalThis.storeEvents ??= []);
    export default { port: '${port}', portVersion: 1, name: '${port}', configSchema: { parse: (o) => o }, ${changes}
      capabilities: { durable: true, sharedByProcesses: false },
      create: async (_config, deps) => {
        await new Promise((resolve) => setTimeout(resolve, '${port}' === 'objectStore' ? 20 : 0));
        told.push('open ${port}' + (deps.objectStore ? ' with ' + deps.objectStore.name : ''));
        return { name: '${port}', close: async () => void told.push('close ${port}') };
      } };`,
  );
  return path;
}

function configOf(plugins: Readonly<Record<'meta' | 'wal' | 'objectStore', string>>) {
  return configSchema.parse({
    meta: { plugin: plugins.meta },
    wal: { plugin: plugins.wal },
    objectStore: { plugin: plugins.objectStore, layers: { metrics: 'off' } },
  });
}

test('object store needed by catalogue and log → opened once before them and closed after them', async () => {
  const needs = 'needsObjectStore: true,';
  const config = configOf({
    meta: pluginFile('meta', needs),
    wal: pluginFile('wal', needs),
    objectStore: pluginFile('objectStore'),
  });
  const lifecycle = new Lifecycle(pluginDeps.logger);
  const container = new Container({ defaultScope: 'Singleton' });
  container.bind(TOKENS.Config).toConstantValue(config);
  container.bind(TOKENS.DataDirectory).toConstantValue({ path: folder, release: async () => undefined });
  container.bind(TOKENS.Lifecycle).toConstantValue(lifecycle);
  container.bind(TOKENS.Metrics).toConstantValue(new MetricsRegistry());
  container.bind(TOKENS.PluginDeps).toConstantValue(pluginDeps);
  bindStorage(container);
  await Promise.all([
    container.getAsync(TOKENS.MetaStore),
    container.getAsync(TOKENS.Wal),
    container.getAsync(TOKENS.ObjectStore),
  ]);
  await lifecycle.close();
  const events = (globalThis as { storeEvents?: string[] }).storeEvents!;
  expect(events[0]).toBe('open objectStore');
  expect(events.slice(1, 3).sort()).toEqual(['open meta with objectStore', 'open wal with objectStore']);
  expect(events.slice(3, 5).sort()).toEqual(['close meta', 'close wal']);
  expect(events.slice(5)).toEqual(['close objectStore']);
});

test('an object store that needs an object store → Invalid', async () => {
  const config = configOf({
    meta: pluginFile('meta'),
    wal: pluginFile('wal'),
    objectStore: pluginFile('objectStore', 'needsObjectStore: true,'),
  });
  await expect(chooseStorage(config, folder)).rejects.toMatchObject({
    kind: 'Invalid',
    message: expect.stringMatching(/^objectStore\.plugin: objectStore needs an object store/),
  });
});

test('a catalogue in the object store lasts as long as that: beside a durable log it must be durable', async () => {
  const memory = { meta: 'object', wal: 'memory', objectStore: 'memory' };
  expect((await chooseStorage(configOf(memory), folder)).meta.plugin.name).toBe('object');
  await expect(chooseStorage(configOf({ ...memory, wal: 'file' }), folder)).rejects.toThrow(
    /objectStore\.plugin: memory forgets everything/,
  );
});
