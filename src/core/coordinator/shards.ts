import type { VChannelInfo } from '../domain/catalog.ts';

export function pchannelNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `elanus-dml_${i}`);
}

export function vchannelName(pchannel: string, collectionId: number, shard: number): string {
  return `${pchannel}_${collectionId}v${shard}`;
}

/** `count` physical channels with the fewest shards, different ones as long as the pool has enough. */
export function choosePchannels(
  pool: readonly string[],
  shardsOf: (pchannel: string) => number,
  count: number,
): readonly string[] {
  const byLoad = pool
    .map((pchannel, order) => ({ pchannel, order, shards: shardsOf(pchannel) }))
    .sort((a, b) => a.shards - b.shards || a.order - b.order);
  return Array.from({ length: count }, (_, i) => byLoad[i % byLoad.length]!.pchannel);
}

export function vchannelsOf(collectionId: number, pchannels: readonly string[]): readonly VChannelInfo[] {
  return pchannels.map((pchannel, shard) => ({
    vchannel: vchannelName(pchannel, collectionId, shard),
    pchannel,
  }));
}
