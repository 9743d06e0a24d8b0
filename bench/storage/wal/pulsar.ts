import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import { pulsar, startPulsar } from '../../../scripts/servers/pulsar.ts';
import { PULSAR_CLIENT_FOLDER, whyNoPulsarClient } from '../../../scripts/servers/pulsarClient.ts';
import type { BackendServer } from '../../../scripts/servers/running.ts';
import { whyNotRunnable } from '../../../scripts/servers/stamp.ts';
import { walPulsarPlugin } from '../../../src/plugins/wal-pulsar/index.ts';
import { loadPulsarPackage, type NativeClient } from '../../../src/plugins/wal-pulsar/nativeClient.ts';
import { piecesOf } from './pieces.ts';
import type { BareLog, WalPlace, WalServer } from './walPlace.ts';
import { BareSocket } from './webSocket.ts';

const SEND_TIMEOUT_MS = 30_000;
/** A namespace without the retention that the adapter's has. */
const BARE_TOPICS = 'public/default';

type OpenTopic = (channel: string, pieceBytes: number) => Promise<BareLog>;

/** The adapter on a server that runs; `bare` gets what the loop beside it needs. */
function placeOf(
  server: BackendServer,
  transport: 'native' | 'websocket',
  bare: { readonly open: OpenTopic; close(): Promise<unknown> },
): WalPlace {
  const config = walPulsarPlugin.configSchema.parse({
    transport,
    client: PULSAR_CLIENT_FOLDER,
    serviceUrl: `pulsar://127.0.0.1:${server.port}`,
    webServiceUrl: `http://127.0.0.1:${server.adminPort}`,
  });
  return {
    async openWal() {
      const wal = await walPulsarPlugin.create(config, pluginDeps);
      return { wal, close: () => wal.close() };
    },
    openBare: (channel) => bare.open(channel, config.messageBytesMax),
    async close() {
      await bare.close();
      await server.dispose();
    },
  };
}

export const pulsarNativeLog: WalServer = {
  name: 'wal-pulsar, native',
  bareName: 'producer of pulsar-client, a topic a channel',
  whyNot: () => whyNotRunnable(pulsar) ?? whyNoPulsarClient(),
  async open() {
    const server = await startPulsar();
    const { Client } = loadPulsarPackage(PULSAR_CLIENT_FOLDER);
    const client = new Client({
      serviceUrl: `pulsar://127.0.0.1:${server.port}`,
      operationTimeoutSeconds: SEND_TIMEOUT_MS / 1000,
      connectionTimeoutMs: SEND_TIMEOUT_MS,
      tlsValidateHostname: true,
    });
    return placeOf(server, 'native', {
      open: (channel, pieceBytes) => openProducer(client, channel, pieceBytes),
      close: async () => (client.client ?? client).close(),
    });
  },
};

export const pulsarWebSocketLog: WalServer = {
  name: 'wal-pulsar, WebSocket',
  bareName: 'WebSocket of Node, a topic a channel',
  whyNot: () => whyNotRunnable(pulsar),
  async open() {
    const server = await startPulsar();
    const base = `ws://127.0.0.1:${server.adminPort}/ws/v2/producer/persistent/${BARE_TOPICS}`;
    return placeOf(server, 'websocket', {
      open: (channel, pieceBytes) =>
        BareSocket.open(`${base}/bare-${channel}?batchingEnabled=false`, pieceBytes),
      close: async () => undefined,
    });
  },
};

async function openProducer(client: NativeClient, channel: string, pieceBytes: number): Promise<BareLog> {
  const producer = await client.createProducer({
    topic: `persistent://${BARE_TOPICS}/bare-${channel}`,
    batchingEnabled: false,
    sendTimeoutMs: SEND_TIMEOUT_MS,
    blockIfQueueFull: false,
  });
  return {
    append: (record) => Promise.all(piecesOf(record, pieceBytes).map((data) => producer.send({ data }))),
    close: async () => {
      await producer.close();
    },
  };
}
