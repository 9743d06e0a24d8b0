import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../scripts/servers/commands.ts';
import { folderOf } from '../../../scripts/servers/definition.ts';
import { kafka } from '../../../scripts/servers/kafka.ts';
import { transactionsWork } from '../../../scripts/servers/kafkaReady.ts';
import { accepts, freePort } from '../../../scripts/servers/ready.ts';
import { type BackendServer, startServer } from '../../../scripts/servers/running.ts';

const NODES = [1, 2, 3] as const;
const READY_STEP_MS = 50;

/** Three brokers that are controllers too; node id = index + 1. A restarted one is ready when it accepts. Every internal topic has three replicas. */
export async function startKafkaCluster(): Promise<readonly BackendServer[]> {
  const ports = await Promise.all(NODES.map(() => freePort()));
  const controllerPorts = await Promise.all(NODES.map(() => freePort()));
  const clusterId = randomBytes(16).toString('base64url');
  const voters = controllerPorts.map((port, i) => `${i + 1}@127.0.0.1:${port}`).join(',');
  const brokers = await Promise.all(
    NODES.map((node, i) =>
      startServer(kafka, async (folder) => {
        const properties = `${folder}/server.properties`;
        writeFileSync(properties, propertiesOf(node, ports[i]!, controllerPorts[i]!, voters, folder));
        const java = ['-cp', `${folderOf('kafka')}/libs/*`];
        const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties];
        await run('java', ['-Xmx128m', ...java, ...format], { folder });
        const memory = ['-Xms256m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
        const args = [...memory, ...java, 'kafka.Kafka', properties];
        return { port: ports[i]!, command: 'java', args, isReady: () => accepts(ports[i]!) };
      }),
    ),
  );
  // One of them hands out the producer ids.
  while (!(await Promise.all(ports.map(transactionsWork))).includes(true)) await sleep(READY_STEP_MS);
  return brokers;
}

function propertiesOf(
  node: number,
  port: number,
  controllerPort: number,
  voters: string,
  folder: string,
): string {
  return `process.roles=broker,controller
node.id=${node}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=${voters}
broker.heartbeat.interval.ms=300
broker.session.timeout.ms=2500
replica.lag.time.max.ms=3000
log.dirs=${folder}/data
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
log.cleaner.dedupe.buffer.size=8388608
`;
}
