import { afterAll, beforeAll, describe } from 'vitest';
import { SERVERS } from '../../scripts/servers/all.ts';
import { startAzurite } from '../../scripts/servers/azurite.ts';
import type { ServerName } from '../../scripts/servers/definition.ts';
import { startEtcd } from '../../scripts/servers/etcd.ts';
import { notInstalled } from '../../scripts/servers/installed.ts';
import { startKafka } from '../../scripts/servers/kafka.ts';
import { startMinio } from '../../scripts/servers/minio.ts';
import { startPulsar } from '../../scripts/servers/pulsar.ts';
import type { BackendServer } from '../../scripts/servers/running.ts';
import { startVersitygw } from '../../scripts/servers/versitygw.ts';

const START_MS_MAX = 180_000;

const START: Readonly<Record<ServerName, () => Promise<BackendServer>>> = {
  etcd: startEtcd,
  azurite: startAzurite,
  kafka: startKafka,
  pulsar: startPulsar,
  versitygw: startVersitygw,
  minio: startMinio,
};

/**
 * Tests on a real server, which starts before them and goes with its data after them. Call it at the top of a file of
 * test/backends; `npm run test:backends` counts what is below it as run on this server.
 *
 * ```ts
 * withServer('etcd', (server) => {
 *   registerCases('MetaStore: etcd', metaStoreConformance(factoryOf(() => server().port)));
 *   test('a stopped server → Unavailable', async () => { await server().stop(); … });
 * });
 * ```
 * `server()` is there when tests and hooks run, not before. Where it is not installed nothing below runs, with the reason
 * printed; with CI=true that is a failure. `start` replaces the plain start, as for one behind a proxy.
 */
export function withServer(
  name: ServerName,
  define: (server: () => BackendServer) => void,
  start = START[name],
): void {
  const { version } = SERVERS.find((one) => one.name === name)!;
  const why = process.env.CI === 'true' ? undefined : notInstalled(name);
  if (why !== undefined) console.log(`not run: ${why}`);
  describe.skipIf(why !== undefined)(`${name} ${version}`, () => {
    let server: BackendServer;
    beforeAll(async () => {
      server = await start();
    }, START_MS_MAX);
    afterAll(() => server?.dispose());
    define(() => server);
  });
}
