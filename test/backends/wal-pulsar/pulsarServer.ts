import { writeFileSync } from 'node:fs';
import { folderOf } from '../../../scripts/servers/definition.ts';
import { pulsar } from '../../../scripts/servers/pulsar.ts';
import { freePort } from '../../../scripts/servers/ready.ts';
import { type BackendServer, startServer } from '../../../scripts/servers/running.ts';

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
const CALL_MS_MAX = 1_000;

export interface PulsarPorts {
  readonly port: number;
  readonly adminPort: number;
}

export interface PulsarSettings {
  /** Lines of standalone.conf, over those it has anyway. */
  readonly lines?: (ports: PulsarPorts) => readonly string[];
  /** Of the user that asks whether the broker is ready. */
  readonly token?: string;
}

/** A broker with its WebSocket service. `adminPort` is its web port. */
export function startPulsarWith({ lines, token }: PulsarSettings = {}): Promise<BackendServer> {
  return startServer(pulsar, async (folder) => {
    const ports = { port: await freePort(), adminPort: await freePort() };
    const conf = `${folder}/standalone.conf`;
    writeFileSync(conf, [...confOf(ports), ...(lines?.(ports) ?? [])].join('\n'));
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
      isReady: () => isHealthy(ports.adminPort, token),
    };
  });
}

function confOf({ port, adminPort }: PulsarPorts): string[] {
  return [
    'clusterName=standalone',
    `brokerServicePort=${port}`,
    `webServicePort=${adminPort}`,
    'bindAddress=127.0.0.1',
    'advertisedAddress=127.0.0.1',
    'functionsWorkerEnabled=false',
    'loadBalancerEnabled=false',
    'webSocketServiceEnabled=true',
    'numIOThreads=2',
    'numHttpServerThreads=8',
    'managedLedgerDefaultEnsembleSize=1',
    'managedLedgerDefaultWriteQuorum=1',
    'managedLedgerDefaultAckQuorum=1',
    'managedLedgerCacheSizeMB=16',
    'managedLedgerNewEntriesCheckDelayInMillis=0',
    'dbStorage_writeCacheMaxSizeMb=16',
    'dbStorage_readAheadCacheMaxSizeMb=16',
  ];
}

async function isHealthy(port: number, token: string | undefined): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/admin/v2/brokers/health`, {
      signal: AbortSignal.timeout(CALL_MS_MAX),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    return answer.status === 200 && (await answer.text()).includes('ok');
  } catch {
    return false;
  }
}
