import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { fails, patternBytes, sameBytes, text, utf8 } from '../../conformance/storage/checks.ts';
import { FaultProxy } from '../../conformance/storage/faultProxy.ts';
import type { ErrorKind } from '../../src/core/domain/errors.ts';
import { withServer } from './backend.ts';
import { startReadOnly, startTls } from './object-s3/servers.ts';
import { bareClient, makeBucket, openWith, optionsFor } from './object-s3/subject.ts';

const MIB = 1024 * 1024;
const SECRET = 'elanus-secret';

/** Opening must fail so, with a text that has all of `words` and not the secret. */
async function failsToOpen(kind: ErrorKind, options: unknown, words: readonly string[]): Promise<void> {
  const error = await fails(kind, () => openWith(options));
  for (const word of words) expect(error.text).toContain(word);
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(SECRET);
}

for (const name of ['minio', 'versitygw'] as const) {
  withServer(name, (server) => {
    describe('object-s3 opens', () => {
      test('with a wrong secret, key or bucket → Unavailable, naming bucket and endpoint', async () => {
        const { port } = server();
        const bucket = await makeBucket(port);
        const good = optionsFor(port, bucket);
        const place = [bucket, `http://127.0.0.1:${port}`];
        const wrong = { ...good, secretAccessKey: `not-${SECRET}` };
        await failsToOpen('Unavailable', wrong, [...place, 'SignatureDoesNotMatch', 'wrong or expired']);
        const unknown = { ...good, accessKeyId: 'somebody' };
        await failsToOpen('Unavailable', unknown, [...place, 'wrong or expired']);
        const missing = { ...good, bucket: 'no-such-bucket' };
        await failsToOpen('Unavailable', missing, ['no-such-bucket', place[1]!, 'does not exist']);
      });

      test('where nobody listens → Unavailable, naming the endpoint', async () => {
        const options = { ...optionsFor(1, 'some-bucket'), retriesMax: 1 };
        await failsToOpen('Unavailable', options, ['some-bucket', 'http://127.0.0.1:1', 'ECONNREFUSED']);
      });

      test('with the keys of the environment', async () => {
        const { port } = server();
        const { accessKeyId, secretAccessKey, ...rest } = optionsFor(port, await makeBucket(port));
        vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
        vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
        onTestFinished(() => void vi.unstubAllEnvs());
        const store = await openWith(rest);
        await store.put('a', utf8('x'));
        await store.close();
      });

      test('with a clock that is an hour late → the client learns the difference', async () => {
        const { port } = server();
        const options = optionsFor(port, await makeBucket(port));
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
        onTestFinished(() => void vi.useRealTimers());
        const store = await openWith(options);
        await store.put('a', utf8('x'));
        await store.close();
      });

      test('a server that says the clock is wrong again and again, or that space is short → said so', async () => {
        const { port } = server();
        const proxy = await FaultProxy.start({ target: port, seed: 1, protocol: 'http1' });
        onTestFinished(() => proxy.close());
        const options = { ...optionsFor(proxy.port, await makeBucket(port)), retriesMax: 1 };
        const answer = (code: string) => proxy.plan({ faults: [{ answer: 409, code }], chance: 1 });
        answer('RequestTimeTooSkewed');
        await failsToOpen('Unavailable', options, [options.bucket, options.endpoint, 'the clock']);
        answer('XMinioAdminBucketQuotaExceeded');
        await failsToOpen('Exhausted', options, [options.bucket, options.endpoint]);
        answer('AccessDenied');
        await failsToOpen('Unavailable', options, ['do not allow it']);
      });
    });

    describe('object-s3', () => {
      test('large conditional writes: the winner stands, the loser leaves no upload open', async () => {
        const { port } = server();
        const bucket = await makeBucket(port);
        const store = await openWith(optionsFor(port, bucket, { partBytes: 5 * MIB }));
        const contents = [1, 2, 3].map((seed) => patternBytes(11 * MIB, seed));
        const first = await store.putIfAbsent('large', contents[0]!);
        await fails('AlreadyExists', () => store.putIfAbsent('large', contents[1]!));
        const second = await store.putIfMatch('large', contents[1]!, first);
        expect(second).not.toBe(first);
        await fails('Conflict', () => store.putIfMatch('large', contents[2]!, first));
        await fails('Conflict', () => store.putIfMatch('absent', contents[2]!, first));
        const found = await store.get('large');
        sameBytes(found.content, contents[1]!, 'large');
        expect(found.version).toBe(second);
        const client = bareClient(port);
        const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
        expect(Uploads ?? []).toEqual([]);
        client.destroy();
        await store.close();
      });

      test('objects whose trailer falls on or across the end of a part → the same bytes', async () => {
        const { port } = server();
        const store = await openWith(optionsFor(port, await makeBucket(port), { partBytes: 5 * MIB }));
        for (const bytes of [5 * MIB - 24, 5 * MIB - 23, 5 * MIB - 1, 5 * MIB, 10 * MIB - 12]) {
          const content = new Uint8Array(new SharedArrayBuffer(bytes));
          content.set(patternBytes(bytes, bytes));
          const version = await store.put('edge', content);
          const found = await store.get('edge');
          sameBytes(found.content, content, `${bytes} bytes`);
          expect(found).toMatchObject({ bytes, version });
          expect((await store.list('edge'))[0]).toMatchObject({ bytes, version });
        }
        await store.close();
      });

      test('racing conditional writes: a 409 ConditionalRequestConflict is tried again', async () => {
        const { port } = server();
        const proxy = await FaultProxy.start({ target: port, seed: 2, protocol: 'http1' });
        onTestFinished(() => proxy.close());
        const store = await openWith(optionsFor(proxy.port, await makeBucket(port)));
        const conflict = { answer: 409, code: 'ConditionalRequestConflict' } as const;
        for (let i = 0; i < 3; i++) void proxy.next(conflict, { method: 'PUT' });
        const version = await store.putIfAbsent('a', utf8('one'));
        void proxy.next(conflict, { method: 'PUT' });
        await store.putIfMatch('a', utf8('two'), version);
        void proxy.next(conflict, { method: 'PUT' });
        await fails('Conflict', () => store.putIfMatch('a', utf8('three'), version));
        for (let i = 0; i < 5; i++) void proxy.next(conflict, { method: 'PUT' });
        await fails('Unavailable', () => store.put('a', utf8('four')));
        expect(text((await store.get('a')).content)).toBe('two');
        await store.close();
      });

      test('objects of others in its folder → not listed, Corrupt when read; other folders are not seen', async () => {
        const { port } = server();
        const bucket = await makeBucket(port);
        const open = (prefix: string) => openWith(optionsFor(port, bucket, { prefix }));
        const [store, other] = await Promise.all([open('a/b'), open('a/b2')]);
        const client = bareClient(port);
        for (const name of ['short', 'with space', 'long']) {
          const Body = utf8('x'.repeat(name === 'short' ? 5 : 100));
          await client.send(new PutObjectCommand({ Bucket: bucket, Key: `a/b/${name}`, Body }));
        }
        client.destroy();
        await store.put('own', utf8('1'));
        await other.put('other', utf8('2'));
        expect((await store.list('')).map(({ key }) => key)).toEqual(['long', 'own']);
        expect((await other.list('')).map(({ key }) => key)).toEqual(['other']);
        await fails('Corrupt', () => store.get('short'));
        await fails('Corrupt', () => store.head('short'));
        await fails('Corrupt', () => store.get('long'));
        await fails('NotFound', () => store.get('other'));
        await Promise.all([store.close(), other.close()]);
      });

      test('a key that is a folder of another one → both, or Invalid and nothing changed', async () => {
        const { port } = server();
        const store = await openWith(optionsFor(port, await makeBucket(port)));
        await store.put('q', utf8('1'));
        await store.put('w/b', utf8('2'));
        const writes = [() => store.put('q/b', utf8('3')), () => store.put('w', utf8('4'))];
        if (name === 'minio') for (const write of writes) await write();
        else for (const write of writes) await fails('Invalid', write);
        expect(text((await store.get('q')).content)).toBe('1');
        expect(text((await store.get('w/b')).content)).toBe('2');
        await store.close();
      });

      test('texts that are no ETag → Conflict, though servers take them for any version', async () => {
        const { port } = server();
        const store = await openWith(optionsFor(port, await makeBucket(port)));
        const version = await store.put('a', utf8('1'));
        for (const one of ['', '*', '"*"', `"${version}"`, ' ', 'a\nb', 'ä', `${version} `]) {
          await fails('Conflict', () => store.putIfMatch('a', utf8('2'), one));
        }
        expect(text((await store.get('a')).content)).toBe('1');
        await store.close();
      });

      test('close while a server is down → ends the retries at once', async () => {
        const { port } = server();
        const proxy = await FaultProxy.start({ target: port, seed: 4, protocol: 'http1' });
        const store = await openWith(optionsFor(proxy.port, await makeBucket(port), { retriesMax: 20 }));
        await proxy.close();
        const reads = Array.from({ length: 3 }, () => fails('Unavailable', () => store.get('a')));
        const startMs = performance.now();
        await store.close();
        expect(performance.now() - startMs).toBeLessThan(3_000);
        await Promise.all(reads);
      });
    });
  });
}

withServer(
  'versitygw',
  (server) => {
    describe('object-s3', () => {
      test('opens a bucket that cannot be written → Unavailable, naming it', async () => {
        const options = optionsFor(server().port, 'the-bucket');
        await failsToOpen('Unavailable', options, ['write to bucket the-bucket', 'do not allow it']);
      });
    });
  },
  () => startReadOnly('the-bucket'),
);

let certificate = '';
withServer(
  'versitygw',
  (server) => {
    describe('object-s3', () => {
      test('TLS: a certificate nobody vouches for → Unavailable; a trusted one → works', async () => {
        const { port } = server();
        const options = { ...optionsFor(port, 'the-bucket'), endpoint: `https://127.0.0.1:${port}` };
        await failsToOpen('Unavailable', options, [options.endpoint, 'DEPTH_ZERO_SELF_SIGNED_CERT']);
        const trusted = getCACertificates('default');
        setDefaultCACertificates([...trusted, certificate]);
        onTestFinished(() => setDefaultCACertificates(trusted));
        const store = await openWith({ ...options, partBytes: 5 * MIB });
        for (const bytes of [10, 300_000, 11 * MIB]) {
          const content = patternBytes(bytes, bytes);
          await store.put('a', content);
          sameBytes((await store.get('a')).content, content, `${bytes} bytes`);
        }
        await store.close();
      });
    });
  },
  async () => {
    const started = await startTls('the-bucket');
    certificate = started.certificate;
    return started.server;
  },
);
