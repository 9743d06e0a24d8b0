import type { MetaOperation, MetaStore } from '../ports/metaStore.ts';
import { type CallLayer, read, write } from './callLayer.ts';

/** A MetaStore whose calls go through `layer`. A watch is no call: it goes to the store itself. */
export function layeredMetaStore(store: MetaStore, layer: CallLayer): MetaStore {
  const own = layer.givesUp ? copied : (operations: readonly MetaOperation[]) => operations;
  return {
    get: (key) => layer.around(read('get'), async () => store.get(key)),
    range: (prefix, options) => layer.around(read('range'), async () => store.range(prefix, options)),
    txn: (compares, operations) => {
      const ownOperations = own(operations);
      return layer.around(write('txn'), async () => store.txn(compares, ownOperations));
    },
    lease: async (ttlMs) => {
      const lease = await layer.around(
        write('lease'),
        async () => store.lease(ttlMs),
        (late) => late.release(),
      );
      const { leaseId, lost } = lease;
      return { leaseId, lost, release: () => layer.around(write('release'), async () => lease.release()) };
    },
    watch: (prefix, signal) => store.watch(prefix, signal),
    close: () => {
      layer.close();
      return store.close();
    },
  };
}

function copied(operations: readonly MetaOperation[]): MetaOperation[] {
  return operations.map((operation) =>
    operation.op === 'put' ? { ...operation, value: new Uint8Array(operation.value) } : operation,
  );
}
