import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { run } from '../../../scripts/servers/commands.ts';
import { folderOf } from '../../../scripts/servers/definition.ts';
import { kafka } from '../../../scripts/servers/kafka.ts';
import { transactionsWork } from '../../../scripts/servers/kafkaReady.ts';
import { freePort } from '../../../scripts/servers/ready.ts';
import { type BackendServer, startServer } from '../../../scripts/servers/running.ts';

export const USERNAME = 'elanus';
export const PASSWORD = 'elanus-secret';

/** A broker whose `port` speaks TLS and asks for a login: `plain` and `scram`, USERNAME and PASSWORD. */
export interface SecureBroker extends BackendServer {
  /** PEM of the certificate that the broker shows, for 127.0.0.1. */
  readonly caFile: string;
}

export async function startSecureKafka(reauthenticationMs = 0): Promise<SecureBroker> {
  const [port, controllerPort, plainPort] = [await freePort(), await freePort(), await freePort()];
  let caFile = '';
  const server = await startServer(kafka, async (folder) => {
    caFile = await makeCertificate(folder);
    const properties = `${folder}/server.properties`;
    writeFileSync(properties, propertiesOf({ port, controllerPort, plainPort, folder, reauthenticationMs }));
    const java = ['-cp', `${folderOf('kafka')}/libs/*`];
    const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${USERNAME},password=${PASSWORD}]`,
    ]);
    const id = randomBytes(16).toString('base64url');
    const format = ['kafka.tools.StorageTool', 'format', '-t', id, '-c', properties, ...users];
    await run('java', ['-Xmx128m', ...java, ...format], { folder });
    const args = ['-Xms256m', '-Xmx256m', '-XX:+UseSerialGC', ...java, 'kafka.Kafka', properties];
    return { port, command: 'java', args, isReady: () => transactionsWork(plainPort) };
  });
  return { ...server, caFile };
}

async function makeCertificate(folder: string): Promise<string> {
  const store = ['-alias', 'broker', '-keystore', `${folder}/broker.p12`, '-storepass', PASSWORD];
  const subject = ['-dname', 'CN=broker', '-ext', 'SAN=IP:127.0.0.1', '-validity', '30'];
  await run('keytool', ['-genkeypair', '-keyalg', 'EC', '-storetype', 'PKCS12', ...subject, ...store]);
  await run('keytool', ['-exportcert', '-rfc', '-file', `${folder}/ca.pem`, ...store]);
  return `${folder}/ca.pem`;
}

interface Places {
  readonly port: number;
  readonly controllerPort: number;
  readonly plainPort: number;
  readonly folder: string;
  readonly reauthenticationMs: number;
}

function propertiesOf({ port, controllerPort, plainPort, folder, reauthenticationMs }: Places): string {
  const login = 'org.apache.kafka.common.security';
  return `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${plainPort},CONTROLLER://127.0.0.1:${controllerPort},SECURE://127.0.0.1:${port}
advertised.listeners=PLAINTEXT://127.0.0.1:${plainPort},SECURE://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:${controllerPort}
log.dirs=${folder}/data
ssl.keystore.type=PKCS12
ssl.keystore.location=${folder}/broker.p12
ssl.keystore.password=${PASSWORD}
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config=${login}.plain.PlainLoginModule required user_${USERNAME}="${PASSWORD}";
listener.name.secure.scram-sha-256.sasl.jaas.config=${login}.scram.ScramLoginModule required;
listener.name.secure.scram-sha-512.sasl.jaas.config=${login}.scram.ScramLoginModule required;
connections.max.reauth.ms=${reauthenticationMs}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
log.cleaner.dedupe.buffer.size=8388608
`;
}
