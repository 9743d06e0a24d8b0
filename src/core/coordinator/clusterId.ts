import type { Random } from '../ports/random.ts';
import type { CatalogStore } from './catalogStore.ts';
import { decodeJson, encodeJson } from './documentPages.ts';
import { CLUSTER_KEY } from './keys.ts';

/** The id that was made with this catalogue, or is made now. What the cluster writes elsewhere bears it. */
export async function ensureClusterId(store: CatalogStore, random: Random): Promise<string> {
  const entry = await store.read(CLUSTER_KEY);
  if (entry !== undefined) return decodeJson(CLUSTER_KEY, entry.value) as string;
  const clusterId = random.uuid();
  await store.write([{ key: CLUSTER_KEY, expected: 0n, value: encodeJson(clusterId) }]);
  return clusterId;
}
