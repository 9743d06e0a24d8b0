import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { folderOf, type ServerDefinition } from './definition.ts';
import { answers, freePort } from './ready.ts';
import { type BackendServer, type ProxiedPort, startServer } from './running.ts';
import { copyJars } from './tools.ts';

const POM = new URL('./pulsar/pom.xml', import.meta.url);

/** Parts of Java that the broker reaches into by reflection. */
const OPENED = [
  ...['jdk.internal.loader', 'java.lang', 'java.lang.reflect', 'java.io', 'java.util', 'java.util.zip'],
  ...[
    'java.util.concurrent',
    'java.nio',
    'jdk.internal.misc',
    'jdk.internal.platform',
    'sun.net',
    'sun.nio.ch',
  ],
].map((name) => `java.base/${name}`);
const OPENED_MANAGEMENT = ['java.management/sun.management', 'jdk.management/com.sun.management.internal'];

export const pulsar: ServerDefinition = {
  name: 'pulsar',
  version: '4.2.4',
  lockFiles: [POM],
  runsWith: ['java'],
  install: (folder) => copyJars(fileURLToPath(POM), `${folder}/libs`),
};

export interface PulsarPorts {
  readonly port: number;
  readonly adminPort: number;
}

export interface PulsarSettings {
  readonly proxied?: ProxiedPort;
  /** Lines of standalone.conf, over those it has anyway. */
  readonly lines?: (ports: PulsarPorts) => readonly string[];
  /** Of the user that asks whether the broker is ready. */
  readonly token?: string;
}

/** Broker, bookie, metadata and WebSocket service in one process, no authentication. `adminPort` is its web port. */
export function startPulsar({ proxied, lines, token }: PulsarSettings = {}): Promise<BackendServer> {
  return startServer(pulsar, async (folder) => {
    const ports = { port: await freePort(), adminPort: await freePort() };
    const conf = `${folder}/standalone.conf`;
    const listeners = proxied === undefined ? '' : listenersOf(ports.port, proxied);
    writeFileSync(conf, confOf(ports) + listeners + (lines?.(ports) ?? []).join('\n'));
    return {
      ...ports,
      command: 'java',
      args: [
        ...[
          '-Xms256m',
          '-Xmx512m',
          '-XX:MaxDirectMemorySize=512m',
          '-XX:+UseSerialGC',
          '-XX:TieredStopAtLevel=1',
        ],
        ...[...OPENED, ...OPENED_MANAGEMENT].flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`]),
        ...['-Dio.netty.tryReflectionSetAccessible=true', '-Dlog4j2.disableJmx=true'],
        ...['-cp', `${folderOf('pulsar')}/libs/*`, 'org.apache.pulsar.PulsarStandaloneStarter'],
        ...['--config', conf, '--no-functions-worker', '--no-stream-storage', '--num-bookies', '1'],
        ...['--bookkeeper-dir', `${folder}/bookkeeper`, '--metadata-dir', `${folder}/metadata`],
      ],
      isReady: () => answers(ports.adminPort, '/admin/v2/brokers/health', 'ok', token),
    };
  });
}

/** Without metadataStoreUrl: the standalone broker would look for a port of ZooKeeper in it. */
function confOf({ port, adminPort }: PulsarPorts): string {
  return `clusterName=standalone
brokerServicePort=${port}
webServicePort=${adminPort}
bindAddress=127.0.0.1
advertisedAddress=127.0.0.1
functionsWorkerEnabled=false
loadBalancerEnabled=false
webSocketServiceEnabled=true
numIOThreads=2
numHttpServerThreads=8
managedLedgerDefaultEnsembleSize=1
managedLedgerDefaultWriteQuorum=1
managedLedgerDefaultAckQuorum=1
managedLedgerCacheSizeMB=16
managedLedgerNewEntriesCheckDelayInMillis=0
dbStorage_writeCacheMaxSizeMb=16
dbStorage_readAheadCacheMaxSizeMb=16
`;
}

function listenersOf(port: number, proxied: ProxiedPort): string {
  return `bindAddresses=proxied:pulsar://127.0.0.1:${proxied.port}
advertisedListeners=direct:pulsar://127.0.0.1:${port},proxied:pulsar://127.0.0.1:${proxied.proxyPort}
internalListenerName=direct
`;
}
