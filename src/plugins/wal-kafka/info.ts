import { ElanusError } from '../../core/domain/errors.ts';
import type { WalInfo } from '../../core/ports/wal.ts';
import { type LogEnd, readLogEnd } from './logEnd.ts';
import { encodePosition } from './names.ts';
import type { FetchOptions, Partition } from './partition.ts';
import { firstRecord } from './reader.ts';

const NOTHING = { first: undefined, last: undefined, retainedBytes: 0 };

/** One attempt. Errors: Unavailable when a truncation came between, Corrupt, those of the client. */
export async function channelInfo(partition: Partition, fetch: FetchOptions): Promise<WalInfo> {
  if (!(await partition.exists())) return { ...NOTHING, term: 0 };
  const end = await readLogEnd(partition, fetch);
  const { term, last, bytes } = end;
  if (last === undefined) return { ...NOTHING, term };
  const first = await firstUnlessTruncated(partition, end, fetch);
  if (first === undefined) {
    throw new ElanusError('Unavailable', `topic ${partition.topic} was truncated while it was read`);
  }
  return {
    first: encodePosition(first.place),
    last: encodePosition(last),
    term,
    retainedBytes: Math.max(1, bytes - first.bytesBefore),
  };
}

async function firstUnlessTruncated(partition: Partition, end: LogEnd, fetch: FetchOptions) {
  try {
    return await firstRecord(partition, end, fetch);
  } catch (caught) {
    if (caught instanceof ElanusError && caught.kind === 'Truncated') return undefined;
    throw caught;
  }
}
