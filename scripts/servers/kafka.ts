import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './commands.ts';
import { folderOf, type ServerDefinition } from './definition.ts';
import { transactionsWork } from './kafkaReady.ts';
import { freePort } from './ready.ts';
import { type BackendServer, type ProxiedPort, startServer } from './running.ts';
import { copyJars } from './tools.ts';

const POM = new URL('./kafka/pom.xml', import.meta.url);

export const kafka: ServerDefinition = {
  name: 'kafka',
  version: '4.3.1',
  lockFiles: [POM],
  runsWith: ['java'],
  install: (folder) => copyJars(fileURLToPath(POM), `${folder}/libs`),
};

/** One broker that is its own controller. Ready when transactional ids can be used. Topics are made by clients. */
export function startKafka({ proxied }: { readonly proxied?: ProxiedPort } = {}): Promise<BackendServer> {
  return startServer(kafka, async (folder) => {
    const port = await freePort();
    const properties = `${folder}/server.properties`;
    writeFileSync(properties, propertiesOf(port, await freePort(), `${folder}/data`, proxied));
    const classPath = ['-cp', `${folderOf('kafka')}/libs/*`];
    const clusterId = randomBytes(16).toString('base64url');
    const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties];
    await run('java', ['-Xmx128m', ...classPath, ...format], { folder });
    return {
      port,
      command: 'java',
      args: [
        ...['-Xms256m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
        ...[...classPath, 'kafka.Kafka', properties],
      ],
      isReady: () => transactionsWork(port),
    };
  });
}

function propertiesOf(port: number, controllerPort: number, folder: string, proxied?: ProxiedPort): string {
  const listener = (name: string, at: number): string => `,${name}://127.0.0.1:${at}`;
  return `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${proxied ? listener('PROXIED', proxied.port) : ''}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}${proxied ? listener('PROXIED', proxied.proxyPort) : ''}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:${controllerPort}
broker.heartbeat.interval.ms=300
broker.session.timeout.ms=2500
log.dirs=${folder}
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=8388608
`;
}
