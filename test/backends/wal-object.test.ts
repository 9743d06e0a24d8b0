import { expect, test } from 'vitest';
import { FaultProxy } from '../../conformance/storage/faultProxy.ts';
import type { Fault } from '../../conformance/storage/faultProxyPlan.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { checkHistory } from '../../conformance/storage/wal/checkHistory.ts';
import { History } from '../../conformance/storage/wal/history.ts';
import { walConformance } from '../../conformance/storage/wal/kit.ts';
import { storeFactory } from '../unit/plugins/wal-object/objectWalSubject.ts';
import { withServer } from './backend.ts';
import { optionsFor as azureOptions, makeContainer } from './object-azure/subject.ts';
import { makeBucket, optionsFor as s3Options } from './object-s3/subject.ts';
import { type Location, openObjects } from './wal-object/openWal.ts';

const BACKENDS = [
  { server: 'minio', locate: locateBucket, end: 'kill' },
  { server: 'versitygw', locate: locateBucket, end: 'kill' },
  // It saves its catalogue every few seconds and when it is asked to stop: killed, it forgets what it confirmed.
  { server: 'azurite', locate: locateContainer, end: 'stop' },
] as const;

const REQUEST_TIMEOUT_MS = 800;
/** The delay lets a put arrive after its client gave up on it. */
const FAULTS: readonly Fault[] = [
  'cutBefore',
  'lostReply',
  'duplicate',
  { answer: 503 },
  { answerAfter: 500 },
  { delayMs: 2 * REQUEST_TIMEOUT_MS },
];
const FAULT_CHANCE = 0.03;

async function locateBucket(port: number): Promise<Location> {
  return { kind: 's3', options: s3Options(port, await makeBucket(port), { prefix: 'some/where' }) };
}

async function locateContainer(port: number): Promise<Location> {
  return { kind: 'azure', options: azureOptions(port, await makeContainer(port), { prefix: 'some/where' }) };
}

for (const { server: name, locate, end } of BACKENDS) {
  withServer(name, (server) => {
    const factory = storeFactory(async () => {
      const location = await locate(server().port);
      return {
        connect: () => openObjects(location),
        durable: {
          module: new URL('wal-object/openWal.ts', import.meta.url),
          location: JSON.stringify(location),
        },
        remove: async () => undefined,
      };
    }, true);
    registerCases('wal: object', walConformance(factory, { seeds: 1 }));

    const faultyFactory = storeFactory(async () => {
      const { port } = server();
      const proxy = await FaultProxy.start({ target: port, seed: 1, protocol: 'http1' });
      proxy.plan({ faults: FAULTS, chance: FAULT_CHANCE });
      const { kind, options } = await locate(port);
      const endpoint = String(options.endpoint).replace(`:${port}`, `:${proxy.port}`);
      return {
        connect: () =>
          openObjects({ kind, options: { ...options, endpoint, requestTimeoutMs: REQUEST_TIMEOUT_MS } }),
        async remove() {
          await proxy.close();
          expect(proxy.injected.length, 'faults').toBeGreaterThan(5);
        },
      };
    }, false);
    const raceCases = walConformance(faultyFactory, { seeds: 1 }).filter(({ name }) =>
      /^race: (of writers|a writer)|^history:/.test(name),
    );
    registerCases('wal: object over a faulty network', raceCases);

    test('a server that goes away under appends and comes back loses nothing acknowledged', async () => {
      const subject = await factory.open(0);
      const history = new History('a');
      let writer = await history.open(subject.wal, 1);
      for (let term = 2; term <= 4; term++) {
        const appends = Array.from({ length: 40 }, (_, i) => history.append(writer, 50 + i * 20));
        await Promise.race(appends.slice(5, 6));
        await server()[end]();
        await server().start();
        await Promise.all(appends);
        writer = await history.open(await subject.reopen(), term);
        expect((await history.append(writer, 100)).outcome).toBe('acknowledged');
      }
      await history.read(await subject.reopen());
      checkHistory(history);
      await subject.dispose();
    });
  });
}
