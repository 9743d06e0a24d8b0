import type { ObjectStore } from '../ports/objectStore.ts';
import { type CallLayer, read, write } from './callLayer.ts';

/** An ObjectStore whose calls go through `layer`. */
export function layeredObjectStore(store: ObjectStore, layer: CallLayer): ObjectStore {
  const own = (bytes: Uint8Array): Uint8Array => (layer.givesUp ? new Uint8Array(bytes) : bytes);
  return {
    put: (key, bytes) => {
      const ownBytes = own(bytes);
      return layer.around(write('put'), async () => store.put(key, ownBytes));
    },
    putIfAbsent: (key, bytes) => {
      const ownBytes = own(bytes);
      return layer.around(write('putIfAbsent'), async () => store.putIfAbsent(key, ownBytes));
    },
    putIfMatch: (key, bytes, version) => {
      const ownBytes = own(bytes);
      return layer.around(write('putIfMatch'), async () => store.putIfMatch(key, ownBytes, version));
    },
    get: (key) => layer.around(read('get'), async () => store.get(key)),
    getRange: async (key, offset, length, into) => {
      const target = layer.givesUp ? new Uint8Array(into.length) : into;
      await layer.around(read('getRange'), async () => store.getRange(key, offset, length, target));
      if (target !== into) into.set(target.subarray(0, length));
    },
    head: (key) => layer.around(read('head'), async () => store.head(key)),
    list: (prefix, options) => layer.around(read('list'), async () => store.list(prefix, options)),
    delete: (key) => layer.around(write('delete'), async () => store.delete(key)),
    close: () => {
      layer.close();
      return store.close();
    },
  };
}
