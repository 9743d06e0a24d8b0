import { inspect } from 'node:util';
import { ContainerSASPermissions } from '@azure/storage-blob';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fails, patternBytes, sameBytes, text, utf8 } from '../../conformance/storage/checks.ts';
import { FaultProxy } from '../../conformance/storage/faultProxy.ts';
import type { ErrorKind } from '../../src/core/domain/errors.ts';
import { withServer } from './backend.ts';
import {
  ACCOUNT,
  bareClient,
  endpointAt,
  KEY,
  makeContainer,
  openWith,
  optionsFor,
} from './object-azure/subject.ts';

const KIB = 1024;

/** Opening must fail so, with a text that has all of `words` and nothing secret. */
async function failsToOpen(
  kind: ErrorKind,
  options: unknown,
  words: readonly string[],
  secret = KEY,
): Promise<void> {
  const error = await fails(kind, () => openWith(options));
  for (const word of words) expect(error.text).toContain(word);
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
}

withServer('azurite', (server) => {
  async function sasToken(container: string, permissions: string, lifetimeMs: number): Promise<string> {
    const url = await bareClient(server().port, container).generateSasUrl({
      permissions: ContainerSASPermissions.parse(permissions),
      startsOn: new Date(Date.now() - 7_200_000),
      expiresOn: new Date(Date.now() + lifetimeMs),
    });
    return new URL(url).search;
  }

  describe('object-azure opens', () => {
    test('with a connection string, a key, a shared access signature', async () => {
      const { port } = server();
      const container = await makeContainer(port);
      const endpoint = endpointAt(port);
      const account = `AccountName=${ACCOUNT};AccountKey=${KEY}`;
      const connectionString = `DefaultEndpointsProtocol=http;${account};BlobEndpoint=${endpoint};`;
      const sas = await sasToken(container, 'racwdl', 3_600_000);
      const ways = [
        { connectionString },
        { accountName: ACCOUNT, accessKey: KEY, endpoint },
        { endpoint, sasToken: sas },
        { endpoint: `${endpoint}/`, sasToken: sas.slice(1) },
      ];
      for (const [i, way] of ways.entries()) {
        const store = await openWith({ container, ...way, partBytes: 64 * KIB });
        await store.put(`way/${i}`, patternBytes(100 * KIB, i));
        expect(await store.list('way/')).toHaveLength(i + 1);
        await store.close();
      }
    });

    test('with a wrong key, signature or container → Unavailable, naming container and host', async () => {
      const { port } = server();
      const container = await makeContainer(port);
      const good = optionsFor(port, container);
      const place = [container, `127.0.0.1:${port}`];
      const wrongKey = Buffer.from('another key').toString('base64');
      await failsToOpen('Unavailable', { ...good, accessKey: wrongKey }, [...place, 'wrong'], wrongKey);
      const missing = { ...good, container: 'no-such-container' };
      await failsToOpen('Unavailable', missing, ['no-such-container', place[1]!, 'does not exist']);
      const signed = { container, endpoint: endpointAt(port) };
      for (const [permissions, lifetimeMs, word] of [
        ['rl', 3_600_000, 'do not allow it'],
        ['racwdl', -3_600_000, 'expired'],
      ] as const) {
        const token = await sasToken(container, permissions, lifetimeMs);
        const signature = new URLSearchParams(token).get('sig')!;
        await failsToOpen('Unavailable', { ...signed, sasToken: token }, [...place, word], signature);
      }
      const cut = { container, connectionString: `AccountName=${ACCOUNT};AccountKey` };
      await failsToOpen('Invalid', cut, ['connectionString'], 'AccountKey');
    });

    test('where nobody listens → Unavailable, naming the host', async () => {
      const options = { ...optionsFor(1, 'some-container'), retriesMax: 1 };
      await failsToOpen('Unavailable', options, ['some-container', '127.0.0.1:1', 'ECONNREFUSED']);
    });

    test('with default credentials, without their package → Unsupported, with the way out', async () => {
      const options = { container: 'c', accountName: ACCOUNT };
      await failsToOpen('Unsupported', options, ['npm install @azure/identity']);
    });

    test('a service that refuses the date of requests → Unavailable, naming the clock', async () => {
      const { port } = server();
      const proxy = await FaultProxy.start({ target: port, seed: 2, protocol: 'http1' });
      onTestFinished(() => proxy.close());
      proxy.plan({ faults: [{ answer: 409, code: 'AuthenticationFailed' }], chance: 1 });
      const options = optionsFor(proxy.port, await makeContainer(port));
      await failsToOpen('Unavailable', options, [options.container, 'the clock']);
    });
  });

  describe('object-azure', () => {
    test('large conditional writes: the winner stands', async () => {
      const { port } = server();
      const store = await openWith(optionsFor(port, await makeContainer(port), { partBytes: 64 * KIB }));
      const contents = [1, 2, 3].map((seed) => patternBytes(300 * KIB, seed));
      const first = await store.putIfAbsent('large', contents[0]!);
      await fails('AlreadyExists', () => store.putIfAbsent('large', contents[1]!));
      const second = await store.putIfMatch('large', contents[1]!, first);
      await fails('Conflict', () => store.putIfMatch('large', contents[2]!, first));
      await fails('Conflict', () => store.putIfMatch('absent', contents[2]!, first));
      const found = await store.get('large');
      sameBytes(found.content, contents[1]!, 'large');
      expect(found.version).toBe(second);
      await store.close();
    });

    test('another writer throws away the blocks before they are committed → they are sent again', async () => {
      const { port } = server();
      const proxy = await FaultProxy.start({ target: port, seed: 1, protocol: 'http1' });
      onTestFinished(() => proxy.close());
      const container = await makeContainer(port);
      const store = await openWith(optionsFor(proxy.port, container, { partBytes: 64 * KIB }));
      const other = await openWith(optionsFor(port, container));
      const content = patternBytes(200 * KIB, 1);
      const held = proxy.next({ delayMs: 500 }, { method: 'PUT', path: /comp=blocklist/ });
      const writing = store.put('a', content);
      await held;
      await other.put('a', utf8('small'));
      await writing;
      sameBytes((await other.get('a')).content, content, 'the one that came last');
      const heldAgain = proxy.next({ delayMs: 500 }, { method: 'PUT', path: /comp=blocklist/ });
      const losing = fails('AlreadyExists', () => store.putIfAbsent('b', content));
      await heldAgain;
      await other.put('b', utf8('small'));
      await losing;
      expect(text((await other.get('b')).content)).toBe('small');
      await Promise.all([store.close(), other.close()]);
    });

    test('large writes of one key at once → each ends, one stands', async () => {
      const { port } = server();
      const store = await openWith(optionsFor(port, await makeContainer(port), { partBytes: 64 * KIB }));
      const contents = [1, 2, 3, 4].map((seed) => patternBytes(200 * KIB, seed));
      const versions = await Promise.all(contents.map((content) => store.put('a', content)));
      const found = await store.get('a');
      sameBytes(found.content, contents[versions.indexOf(found.version)]!, 'the last');
      await store.close();
    });

    test('a leased blob → Unavailable, no Conflict', async () => {
      const { port } = server();
      const container = await makeContainer(port);
      const store = await openWith(optionsFor(port, container));
      const version = await store.put('a', utf8('1'));
      const lease = bareClient(port, container).getBlobClient('a').getBlobLeaseClient();
      await lease.acquireLease(15);
      const error = await fails('Unavailable', () => store.putIfMatch('a', utf8('2'), version));
      expect(error.text).toContain('Lease');
      await lease.releaseLease();
      await store.putIfMatch('a', utf8('2'), version);
      await store.close();
    });

    test('blobs of others in its folder that are no keys → not listed; other folders are not seen', async () => {
      const { port } = server();
      const container = await makeContainer(port);
      const open = (prefix: string) => openWith(optionsFor(port, container, { prefix }));
      const [store, other] = await Promise.all([open('a/b'), open('a/b2')]);
      await bareClient(port, container).getBlockBlobClient('a/b/with space').upload('x', 1);
      await store.put('own', utf8('1'));
      await other.put('other', utf8('2'));
      expect((await store.list('')).map(({ key }) => key)).toEqual(['own']);
      expect((await other.list('')).map(({ key }) => key)).toEqual(['other']);
      await fails('NotFound', () => store.get('other'));
      await Promise.all([store.close(), other.close()]);
    });

    test('an empty object, and ranges of it', async () => {
      const { port } = server();
      const store = await openWith(optionsFor(port, await makeContainer(port)));
      await store.put('empty', new Uint8Array());
      expect((await store.get('empty')).content).toEqual(new Uint8Array());
      await store.getRange('empty', 0, 0, new Uint8Array());
      await fails('Invalid', () => store.getRange('empty', 0, 1, new Uint8Array(1)));
      await store.close();
    });

    test('a container that is deleted under the store → Unavailable, not NotFound', async () => {
      const { port } = server();
      const container = await makeContainer(port);
      const store = await openWith(optionsFor(port, container));
      await bareClient(port, container).delete();
      await fails('Unavailable', () => store.get('a'));
      await fails('Unavailable', () => store.head('a'));
      await fails('Unavailable', () => store.delete('a'));
      await fails('Unavailable', () => store.putIfAbsent('a', utf8('x')));
      await store.close();
    });
  });
});
