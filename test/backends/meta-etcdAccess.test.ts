import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Etcd3, Range } from 'etcd3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fails, text } from '../../conformance/storage/checks.ts';
import { nextEvents, put, write } from '../../conformance/storage/meta/subject.ts';
import { folderOf } from '../../scripts/servers/definition.ts';
import { etcd, startEtcd } from '../../scripts/servers/etcd.ts';
import { accepts, freePort } from '../../scripts/servers/ready.ts';
import { startServer } from '../../scripts/servers/running.ts';
import type { MetaStore } from '../../src/core/ports/metaStore.ts';
import { metaEtcdPlugin } from '../../src/plugins/meta-etcd/index.ts';
import { pluginDeps } from '../kits/pluginDeps.ts';
import { withServer } from './backend.ts';
import { makeCertificates } from './meta-etcd/certificates.ts';
import { bareClient } from './meta-etcd/members.ts';
import { openEtcd } from './meta-etcd/subject.ts';

const ROOT = { username: 'root', password: 'root-password' };
const OWN = { prefix: 'own', user: 'elanus', password: 'own-password' };
const REQUEST_MS = 1_500;

const opened: MetaStore[] = [];
afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));

async function keep(opening: Promise<MetaStore>): Promise<MetaStore> {
  const store = await opening;
  opened.push(store);
  return store;
}

withServer('etcd', (server) => {
  let root: Etcd3;

  /** A user that may do everything below its prefix, and nothing else. */
  beforeAll(async () => {
    const bare = bareClient(server().port);
    const role = bare.role('own');
    await role.create();
    await role.grant({ permission: 'Readwrite', range: Range.prefix('own/') });
    for (const { username, password } of [ROOT, { username: OWN.user, password: OWN.password }])
      await bare.user(username).create(password);
    await bare.role('root').create();
    await bare.user('root').addRole('root');
    await bare.user(OWN.user).addRole('own');
    await bare.auth.authEnable();
    bare.close();
    root = bareClient(server().port, ROOT);
  });
  afterAll(() => root.close());

  const open = (options: Readonly<Record<string, unknown>>) =>
    keep(openEtcd([server().port], { requestTimeoutMs: REQUEST_MS, ...options }));

  describe('users and passwords', () => {
    test('a user with rights on its prefix → all of the port works', async () => {
      const store = await open(OWN);
      const stop = new AbortController();
      const events = store.watch('', stop.signal)[Symbol.asyncIterator]();
      const lease = await store.lease(5_000);
      await write(store, put('a', '1'), put('b', '2', lease.leaseId));
      expect(await nextEvents(events, 2)).toHaveLength(2);
      expect(await store.range('')).toHaveLength(2);
      await lease.release();
      expect(await store.txn([{ key: 'b', revision: 0n }], [])).toMatchObject({ succeeded: true });
      stop.abort();
    });

    test('a wrong password, no user, rights elsewhere → Unavailable, soon, and no secret in the error', async () => {
      const startMs = performance.now();
      for (const wrong of [
        { ...OWN, password: 'wrong-password' },
        { prefix: 'own' },
        { ...OWN, prefix: 'other' },
      ]) {
        const error = await fails('Unavailable', () => open(wrong));
        expect(`${error.text} ${error.stack}`).not.toMatch(/wrong-password|own-password/);
      }
      expect(performance.now() - startMs).toBeLessThan(REQUEST_MS);
    });

    test('the server restarts and forgets its tokens → calls and watches go on', async () => {
      const store = await open({ ...OWN, requestTimeoutMs: 10_000 });
      const stop = new AbortController();
      const events = store.watch('', stop.signal)[Symbol.asyncIterator]();
      const lease = await store.lease(10_000);
      await write(store, put('before', '', lease.leaseId));
      await nextEvents(events, 1);
      await server().stop();
      const reading = store.get('before');
      await server().start();
      expect(await reading).toBeDefined();
      await write(store, put('after', ''));
      expect(await nextEvents(events, 1)).toMatchObject([{ key: 'after' }]);
      await server().kill();
      await server().start();
      await write(store, put('again', ''));
      expect(await nextEvents(events, 1)).toMatchObject([{ key: 'again' }]);
      expect(lease.lost.aborted).toBe(false);
      stop.abort();
    });

    test('rights are taken away → calls and watches are refused and do not hang', async () => {
      const store = await open(OWN);
      await write(store, put('a', '1'));
      await root.user(OWN.user).removeRole('own');
      await fails('Unavailable', () => store.get('a'));
      await fails('Unavailable', () => write(store, put('a', '2')));
      const stop = new AbortController();
      await fails('Unavailable', () => store.watch('', stop.signal)[Symbol.asyncIterator]().next());
      await root.user(OWN.user).addRole('own');
      expect(text((await store.get('a'))?.value)).toBe('1');
    });

    test('a user for a server that knows none → Unavailable', async () => {
      const plain = await startEtcd();
      await fails('Unavailable', () => keep(openEtcd([plain.port], OWN)));
      await plain.dispose();
    });
  });

  describe('the space of etcd', () => {
    test('is used up → Exhausted and nothing changes; reads and deletes go on', async () => {
      const full = await startEtcd({ args: ['--quota-backend-bytes', String(2 * 1024 * 1024)] });
      const store = await keep(openEtcd([full.port]));
      const value = new Uint8Array(60_000);
      let written = 0;
      const fill = async (): Promise<never> => {
        for (;;) await write(store, put(`k${written}`, value)).then(() => written++);
      };
      const error = await fill().catch((caught) => caught);
      expect(['Exhausted', 'Unknown']).toContain(error.kind);
      for (let i = 0; i < 3; i++) await fails('Exhausted', () => write(store, put('more', value)));
      expect(await store.get('more')).toBeUndefined();
      expect((await store.range('k')).length).toBeGreaterThanOrEqual(written);
      await write(store, { op: 'delete', key: 'k0' });
      expect(await store.get('k0')).toBeUndefined();
      await full.dispose();
    });
  });

  describe('TLS', () => {
    const folder = mkdtempSync(join(tmpdir(), 'elanus-etcd-tls-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const file = (name: string) => join(folder, name);

    async function startWithTls() {
      makeCertificates(folder);
      return startServer(etcd, async (data) => {
        const port = await freePort();
        const client = `https://127.0.0.1:${port}`;
        const peer = `http://127.0.0.1:${await freePort()}`;
        return {
          port,
          command: `${folderOf('etcd')}/etcd`,
          args: [
            ...['--name', 'n1', '--data-dir', `${data}/data`, '--log-level', 'warn'],
            ...['--listen-client-urls', client, '--advertise-client-urls', client],
            ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
            ...['--initial-cluster', `n1=${peer}`],
            ...['--cert-file', file('server.crt'), '--key-file', file('server.key')],
            ...['--client-cert-auth', '--trusted-ca-file', file('ca.crt')],
          ],
          isReady: () => accepts(port),
        };
      });
    }

    test('own CA and client certificate → works; another CA, no certificate, no TLS, no file → Unavailable', async () => {
      const secure = await startWithTls();
      const openWith = (tls: unknown, scheme = 'https') => {
        const config = {
          endpoints: [`${scheme}://127.0.0.1:${secure.port}`],
          requestTimeoutMs: REQUEST_MS,
          tls,
        };
        return keep(metaEtcdPlugin.create(metaEtcdPlugin.configSchema.parse(config), pluginDeps));
      };
      const own = { cert: file('client.crt'), key: file('client.key') };
      const store = await openWith({ ca: file('ca.crt'), ...own });
      await write(store, put('a', '1'));
      expect(text((await store.get('a'))?.value)).toBe('1');
      await fails('Unavailable', () => openWith({ ca: file('other-ca.crt'), ...own }));
      await fails('Unavailable', () => openWith({ ca: file('ca.crt') }));
      await fails('Unavailable', () => openWith(own));
      await fails('Unavailable', () => openWith(undefined, 'http'));
      const { context } = await fails('Unavailable', () => openWith({ ca: file('absent.crt') }));
      expect(context).toMatchObject({ path: file('absent.crt'), reason: 'ENOENT' });
      await secure.dispose();
    });
  });
});
