import { randomUUID } from 'node:crypto';
import type { WalFactory } from '../../../conformance/storage/wal/kit.ts';
import {
  installPulsarClient,
  PULSAR_CLIENT_FOLDER,
  whyNoPulsarClient,
} from '../../../scripts/servers/pulsarClient.ts';
import type { BackendServer } from '../../../scripts/servers/running.ts';
import type { Wal } from '../../../src/core/ports/wal.ts';
import { walPulsarPlugin } from '../../../src/plugins/wal-pulsar/index.ts';
import { pluginDeps } from '../../kits/pluginDeps.ts';

export type TransportName = 'native' | 'websocket';

/** Those that can run here; prints why one cannot. With CI=true the native client is installed first. */
export async function transportsHere(): Promise<TransportName[]> {
  if (process.env.CI === 'true') await installPulsarClient();
  const why = whyNoPulsarClient();
  if (why === undefined) return ['native', 'websocket'];
  console.log(`not run: ${why}`);
  return ['websocket'];
}

/** Options of the plugin for a server, or for what stands before it. */
export function optionsFor(
  transport: TransportName,
  { port, adminPort }: { readonly port: number; readonly adminPort?: number },
  more: Readonly<Record<string, unknown>> = {},
) {
  return {
    transport,
    client: PULSAR_CLIENT_FOLDER,
    serviceUrl: `pulsar://127.0.0.1:${port}`,
    webServiceUrl: `http://127.0.0.1:${adminPort}`,
    ...more,
  };
}

/** Small messages and topics, so that a few records fill them. */
const SMALL = {
  recordBytesMax: 20_000,
  messageBytesMax: 4_096,
  topicBytesMax: 16_384,
  readBytes: 8_192,
  appendTimeoutMs: 3_000,
  pollIntervalMs: 20,
};

export function openWith(options: unknown): Promise<Wal> {
  return walPulsarPlugin.create(walPulsarPlugin.configSchema.parse(options), pluginDeps);
}

/** `location`: options of the plugin as JSON. */
export function openStore(location: string): Promise<Wal> {
  return openWith(JSON.parse(location));
}

export function uniquePrefix(): string {
  return `${randomUUID().slice(0, 8)}-`;
}

/** The admin interface, to look and reach behind the adapter; `path` is below its version. */
export async function admin(
  { adminPort }: BackendServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/admin/v2${path}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** Names of the topics that begin with `prefix`. */
export async function topicsOf(server: BackendServer, prefix: string): Promise<string[]> {
  const { text } = await admin(server, 'GET', '/persistent/public/elanus');
  const names = (JSON.parse(text) as string[]).map((topic) => topic.slice(topic.lastIndexOf('/') + 1));
  return names.filter((name) => name.startsWith(prefix)).sort();
}

/** Each log has topics of its own, which go with the server. With `crashes`, the broker is killed and started again. */
export function pulsarFactory(
  transport: TransportName,
  server: () => BackendServer,
  crashes = false,
): WalFactory {
  return {
    capabilities: walPulsarPlugin.capabilities,
    canCrash: crashes,
    canFail: false,
    canBeKilled: true,
    async open() {
      const options = optionsFor(transport, server(), { ...SMALL, topicPrefix: uniquePrefix() });
      const location = JSON.stringify(options);
      let opened: Wal[] = [];
      const reopen = async (): Promise<Wal> => {
        const wal = await openStore(location);
        opened.push(wal);
        return wal;
      };
      const closeAll = async (): Promise<void> => {
        await Promise.all(opened.map((wal) => wal.close()));
        opened = [];
      };
      const crash = async (): Promise<void> => {
        await server().kill();
        await closeAll();
        await server().start();
      };
      return {
        wal: await reopen(),
        reopen,
        ...(crashes && { crash }),
        durable: { module: new URL(import.meta.url), location },
        dispose: closeAll,
      };
    },
  };
}
