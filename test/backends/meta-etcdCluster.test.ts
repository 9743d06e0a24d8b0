import { afterEach, beforeEach, expect, test } from 'vitest';
import { text, utf8 } from '../../conformance/storage/checks.ts';
import type { BackendServer } from '../../scripts/servers/running.ts';
import type { MetaStore } from '../../src/core/ports/metaStore.ts';
import { CasHistory } from '../unit/plugins/meta-object/casHistory.ts';
import { withServer } from './backend.ts';
import { leaderOf, startMembers } from './meta-etcd/members.ts';
import { openEtcd } from './meta-etcd/subject.ts';

const KEYS = ['x', 'y', 'z'];
const CALLERS_EACH = 2;
const SWAPS_EACH = 40;

withServer('etcd', () => {
  let members: readonly BackendServer[];
  let stores: MetaStore[];

  beforeEach(async () => {
    members = await startMembers();
    stores = [];
  });

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await Promise.all(members.map((member) => member.dispose()));
  });

  async function open(): Promise<MetaStore> {
    const store = await openEtcd(members.map(({ port }) => port));
    stores.push(store);
    return store;
  }

  test('leaders are killed while callers write → what was acknowledged is linearizable, and the watch misses nothing', async () => {
    const writers = [await open(), await open()];
    const watcher = await open();
    const stop = new AbortController();
    const followed = lastValues(watcher, stop.signal);
    const history = new CasHistory();
    let isBusy = true;
    const work = Promise.all(
      writers.flatMap((store) =>
        Array.from({ length: CALLERS_EACH }, () => history.work(store, KEYS, SWAPS_EACH)),
      ),
    ).finally(() => {
      isBusy = false;
    });
    let kills = 0;
    for (let target = 30; isBusy && kills < 3; target += 60) {
      while (isBusy && history.answered < target) await new Promise((resolve) => setTimeout(resolve, 5));
      const leader = await leaderOf(members);
      await leader.kill();
      kills++;
      const before = history.answered;
      while (isBusy && history.answered < before + 10) await new Promise((resolve) => setTimeout(resolve, 5));
      await leader.start();
    }
    await work;
    expect(kills).toBe(3);
    history.check();
    console.log(`${history.answered} calls answered, ${history.unknown} unknown, 3 leaders killed`);
    await watcher.txn([], [{ op: 'put', key: 'end', value: utf8('end') }]);
    const seen = await followed;
    stop.abort();
    for (const key of KEYS) expect(seen.get(key), key).toBe(text((await watcher.get(key))?.value));
  });

  test('one member of three is left → nothing is answered from what it has', async () => {
    const store = await openEtcd([members[0]!.port], { requestTimeoutMs: 1_000 });
    stores.push(store);
    const { revision } = await store.txn([], [{ op: 'put', key: 'a', value: utf8('1') }]);
    await Promise.all(members.slice(1).map((member) => member.kill()));
    for (const call of [
      // First, while the member is not yet given up.
      () => store.txn([{ key: 'a', revision }], []),
      () => store.get('a'),
      () => store.range(''),
      () => store.txn([], []),
      () => store.txn([], [{ op: 'delete', key: 'a' }]),
    ]) {
      const kind = await call().then(
        () => 'answered',
        (caught) => caught.kind,
      );
      expect(['Unavailable', 'Timeout']).toContain(kind);
    }
    await Promise.all(members.slice(1).map((member) => member.start()));
    expect(await store.txn([{ key: 'a', revision }], [])).toMatchObject({ succeeded: true });
  });
});

/** The last value of each key by the events of a watch, until the key `end`. */
async function lastValues(store: MetaStore, signal: AbortSignal): Promise<Map<string, string | undefined>> {
  const seen = new Map<string, string | undefined>();
  for await (const event of store.watch('', signal)) {
    if (event.type === 'resync') throw new Error('nothing was compacted');
    seen.set(event.key, event.type === 'put' ? text(event.value) : undefined);
    if (event.key === 'end') break;
  }
  return seen;
}
