import type { WalInfo } from '../../core/ports/wal.ts';
import { retryVanished, walk } from './chain.ts';
import type { ChannelObjects } from './channelObjects.ts';
import { encodePosition } from './names.ts';
import { firstPlace } from './reader.ts';

export function channelInfo(objects: ChannelObjects): Promise<WalInfo> {
  return retryVanished(objects, async () => {
    const chain = await walk(objects);
    const { runs, end } = chain;
    const first = firstPlace(chain);
    const lastRun = runs.at(-1);
    if (first === undefined || lastRun === undefined) {
      return { first: undefined, last: undefined, term: end.term, retainedBytes: 0 };
    }
    const lastBlock = { term: lastRun.term, seq: lastRun.seq + lastRun.blockBytes.length - 1 };
    const { records } = await objects.readHeader(lastBlock);
    let retainedBytes = 0;
    for (const { blockBytes } of runs) for (const bytes of blockBytes) retainedBytes += bytes;
    return {
      first: encodePosition(first),
      last: encodePosition({ ...lastBlock, index: records - 1 }),
      term: end.term,
      retainedBytes,
    };
  });
}
