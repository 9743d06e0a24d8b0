/**
 * `npm run servers`: installs the real servers the backend tests talk to, and Pulsar's client, into .servers/, from package
 * registries only. All of them, or those named: `npm run servers -- etcd kafka pulsar-client`. What is there with the pins of
 * today stays as it is. Goes on after one that cannot be installed, says why, and ends with exit code 1.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { SERVERS } from './all.ts';
import { folderOf, type ServerDefinition } from './definition.ts';
import { installPulsarClient } from './pulsarClient.ts';
import { isStamped, writeStamp } from './stamp.ts';

interface Target {
  readonly name: string;
  install(): Promise<void>;
}

const TARGETS: readonly Target[] = [
  ...SERVERS.map((server) => ({ name: server.name, install: () => installServer(server) })),
  { name: 'pulsar-client', install: installPulsarClient },
];

async function installServer(server: ServerDefinition): Promise<void> {
  const { name, version } = server;
  if (isStamped(server)) return console.log(`${name} ${version}: is there`);
  console.log(`${name} ${version}: installing …`);
  const startMs = performance.now();
  const folder = folderOf(name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await server.install(folder);
  writeStamp(server);
  console.log(`${name} ${version}: installed in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !TARGETS.some((target) => target.name === name));
if (unknown.length > 0) throw new Error(`no such server: ${unknown.join(', ')}`);

for (const { name, install } of TARGETS) {
  if (names.length > 0 && !names.includes(name)) continue;
  try {
    await install();
  } catch (error) {
    console.log(`${name}: not installed: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
