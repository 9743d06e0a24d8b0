import { once } from 'node:events';
import { connect } from 'node:net';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Admin, ListOffsetTimestamps, Producer } from '@platformatic/kafka';
import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FaultProxy } from '../../conformance/storage/faultProxy.ts';
import { startKafka } from '../../scripts/servers/kafka.ts';
import { startPulsar } from '../../scripts/servers/pulsar.ts';
import { freePort } from '../../scripts/servers/ready.ts';
import { withServer } from './backend.ts';

/** Kafka's API key, and types of Pulsar's commands. */
const PRODUCE = '0';
const CONNECT = 2;
const LOOKUP = 23;

withServer('etcd', (server) => {
  let proxy: FaultProxy;
  let direct: Etcd3;
  let client: Etcd3;

  const dial = (port: number): Etcd3 =>
    new Etcd3({
      hosts: `http://127.0.0.1:${port}`,
      faultHandling: { host: () => noop, global: noop },
      defaultCallOptions: () => ({ deadline: Date.now() + 5000 }),
    });

  beforeAll(async () => {
    proxy = await FaultProxy.start({ target: server().port, seed: 1, protocol: 'http2' });
    direct = dial(server().port);
    client = dial(proxy.port);
  });
  afterAll(async () => {
    direct.close();
    client.close();
    await proxy.close();
  });

  test('FaultProxy: a lost reply is a write that happened, a cut before is one that did not', async () => {
    const valueMib = 'v'.repeat(1 << 20);
    await client.put('calm').value(valueMib);
    expect(await client.get('calm')).toBe(valueMib);
    for (let i = 0; i < 5; i++) {
      proxy.next('lostReply', { includes: `lost-${i}` });
      await expect(client.put(`lost-${i}`).value('v')).rejects.toThrow();
      expect(await direct.get(`lost-${i}`)).toBe('v');
      proxy.next('cutBefore', { includes: `cut-${i}` });
      await expect(client.put(`cut-${i}`).value('v')).rejects.toThrow();
      expect(await direct.get(`cut-${i}`)).toBeNull();
    }
    await client.put('calm').value('again');
    expect(proxy.injected).toHaveLength(10);
  });
});

for (const name of ['minio', 'versitygw'] as const) {
  withServer(name, (server) => {
    test('FaultProxy: signed requests pass, a repeated create-if-absent refuses itself', async () => {
      const proxy = await FaultProxy.start({ target: server().port, seed: 1, protocol: 'http1' });
      const client = new S3Client({
        endpoint: `http://127.0.0.1:${proxy.port}`,
        region: 'us-east-1',
        credentials: { accessKeyId: 'elanus', secretAccessKey: 'elanus-secret' },
        forcePathStyle: true,
        maxAttempts: 1,
      });
      const Body = 'b'.repeat(3 << 20);
      const put = (Key: string) =>
        client.send(new PutObjectCommand({ Bucket: 'faults', Key, Body, IfNoneMatch: '*' }));
      const get = async (Key: string) => {
        const { Body: found } = await client.send(new GetObjectCommand({ Bucket: 'faults', Key }));
        return found!.transformToString();
      };
      await client.send(new CreateBucketCommand({ Bucket: 'faults' }));
      await put('calm');
      expect(await get('calm')).toBe(Body);
      proxy.next('duplicate', { method: 'PUT', path: /^\/faults\/twice/ });
      await expect(put('twice')).rejects.toMatchObject({ name: 'PreconditionFailed' });
      expect(await get('twice')).toBe(Body);
      proxy.next({ answerAfter: 503 }, { method: 'PUT' });
      await expect(put('after')).rejects.toMatchObject({ name: 'SlowDown' });
      expect(await get('after')).toBe(Body);
      for (const fault of ['cutBefore', 'cutRequest', { answer: 503 }] as const) {
        proxy.next(fault, { method: 'PUT' });
        await expect(put('never')).rejects.toThrow();
        await expect(get('never')).rejects.toMatchObject({ name: 'NoSuchKey' });
      }
      proxy.next('cutReply', { method: 'GET' });
      await expect(get('calm')).rejects.toThrow();
      client.destroy();
      await proxy.close();
    });
  });
}

let kafkaProxy: FaultProxy;
withServer(
  'kafka',
  () => {
    test('FaultProxy: clients come through it; a lost reply is a record that is there', async () => {
      const common = {
        clientId: 'faults',
        bootstrapBrokers: [`127.0.0.1:${kafkaProxy.port}`],
        timeout: 5000,
      };
      const admin = new Admin(common);
      await admin.createTopics({ topics: ['t'], partitions: 1, replicas: 1 });
      const end = async (): Promise<bigint> => {
        const partitions = [{ partitionIndex: 0, timestamp: ListOffsetTimestamps.LATEST }];
        const [topic] = await admin.listOffsets({ topics: [{ name: 't', partitions }] });
        return topic!.partitions[0]!.offset;
      };
      const sent = async (): Promise<unknown> => {
        const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({ ...common, retries: 0 });
        const messages = [{ topic: 't', partition: 0, value: Buffer.alloc(100_000, 'v') }];
        return producer.send({ messages }).finally(() => producer.close(true));
      };
      await sent();
      expect(await end()).toBe(1n);
      kafkaProxy.next('lostReply', { method: PRODUCE });
      await expect(sent()).rejects.toThrow();
      expect(await end()).toBe(2n);
      for (const fault of ['cutBefore', 'cutRequest'] as const) {
        kafkaProxy.next(fault, { method: PRODUCE });
        await expect(sent()).rejects.toThrow();
      }
      expect(await end()).toBe(2n);
      await admin.close();
      await kafkaProxy.close();
    });
  },
  async () => {
    const port = await freePort();
    kafkaProxy = await FaultProxy.start({ target: port, seed: 1, protocol: 'kafka' });
    return startKafka({ proxied: { port, proxyPort: kafkaProxy.port } });
  },
);

/** A field of protocol buffers: a number below 128, or bytes. */
function field(number: number, value: number | Buffer): Buffer {
  const tag = (number << 3) | (typeof value === 'number' ? 0 : 2);
  const head = tag < 128 ? [tag] : [(tag & 127) | 128, tag >> 7];
  return typeof value === 'number'
    ? Buffer.from([...head, value])
    : Buffer.concat([Buffer.from([...head, value.length]), value]);
}

function pulsarCommand(type: number, ...fields: readonly Buffer[]): Buffer {
  const command = Buffer.concat([field(1, type), field(type, Buffer.concat(fields))]);
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(command.length + 4, 0);
  lengths.writeUInt32BE(command.length, 4);
  return Buffer.concat([lengths, command]);
}

let pulsarProxy: FaultProxy;
withServer(
  'pulsar',
  (server) => {
    /** Asks for the broker of a topic, and returns the answer. */
    async function lookUp(port: number): Promise<string> {
      const socket = connect(port, '127.0.0.1');
      const topic = Buffer.from('persistent://public/default/t');
      try {
        socket.write(pulsarCommand(CONNECT, field(1, Buffer.from('faults')), field(4, 20)));
        await once(socket, 'data');
        socket.write(pulsarCommand(LOOKUP, field(1, topic), field(2, 1), field(3, 0)));
        const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
        return String(answer);
      } finally {
        socket.destroy();
      }
    }

    test('FaultProxy: a client is told to come through it, and one that is not, to come directly', async () => {
      expect(await lookUp(pulsarProxy.port)).toContain(`pulsar://127.0.0.1:${pulsarProxy.port}`);
      expect(await lookUp(server().port)).toContain(`pulsar://127.0.0.1:${server().port}`);
      const hit = pulsarProxy.next('lostReply', { method: String(LOOKUP) });
      const lost = await lookUp(pulsarProxy.port).catch((error: NodeJS.ErrnoException) => error.code);
      expect(['false', 'ECONNRESET']).toContain(lost);
      await hit;
      await pulsarProxy.close();
    });
  },
  async () => {
    const port = await freePort();
    pulsarProxy = await FaultProxy.start({ target: port, seed: 1, protocol: 'pulsar' });
    return startPulsar({ proxied: { port, proxyPort: pulsarProxy.port } });
  },
);
