import { expect, test } from 'vitest';
import { text } from '../../conformance/storage/checks.ts';
import { FaultProxy } from '../../conformance/storage/faultProxy.ts';
import { metaStoreConformance } from '../../conformance/storage/meta/kit.ts';
import { put, write } from '../../conformance/storage/meta/subject.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { CasHistory } from '../unit/plugins/meta-object/casHistory.ts';
import { openWith } from '../unit/plugins/meta-object/subject.ts';
import { withServer } from './backend.ts';
import { bucketFactory, makeBucket, openBucket } from './meta-object/subject.ts';

for (const name of ['minio', 'versitygw', 'azurite'] as const) {
  withServer(name, (server) => {
    registerCases(
      `MetaStore: object over ${name}`,
      metaStoreConformance(bucketFactory(name, () => server().port)),
    );

    test('faults by chance while two processes write → what was acknowledged is linearizable', async () => {
      const proxy = await FaultProxy.start({ target: server().port, seed: 3, protocol: 'http1' });
      const bucket = await makeBucket(name, server().port);
      const options = { snapshotEntries: 5 };
      const open = async (port: number) => openWith(await openBucket(port, bucket), options);
      const stores = [await open(proxy.port), await open(proxy.port), await open(server().port)];
      proxy.plan({
        faults: ['cutBefore', 'cutRequest', 'lostReply', 'cutReply', { answer: 503 }, { answerAfter: 500 }],
        chance: 0.1,
      });
      const history = new CasHistory();
      await Promise.all(stores.map((store) => history.work(store, ['x', 'y'], 25)));
      proxy.calm();
      await history.work(stores[0]!, ['x', 'y'], 2);
      history.check();
      expect(proxy.injected.length).toBeGreaterThan(5);
      console.log(
        `${history.answered} answered, ${history.unknown} unknown, ${proxy.injected.length} faults`,
      );
      await Promise.all(stores.map((store) => store.close()));
      await proxy.close();
    });

    // Azurite forgets at a kill what it has not yet written to its disk.
    if (name === 'azurite') return;
    test('the server is killed and starts again while a txn waits → it succeeds within its time', async () => {
      const bucket = await makeBucket(name, server().port);
      const store = await openWith(await openBucket(server().port, bucket), { requestTimeoutMs: 30_000 });
      await write(store, put('a', '1'));
      await server().kill();
      const writing = write(store, put('a', '2'));
      const reading = store.get('a');
      await server().start();
      expect(await writing).toMatchObject({ succeeded: true });
      expect(text((await reading)?.value)).toBe('2');
      await store.close();
    });
  });
}
