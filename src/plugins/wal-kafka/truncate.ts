import { type BatchHead, KINDS, NOWHERE } from './batchHead.ts';
import { type LogEnd, readLogEnd } from './logEnd.ts';
import type { Place } from './names.ts';
import type { FetchOptions, Partition } from './partition.ts';
import { recordBatchAt } from './reader.ts';
import type { KafkaWalWriter } from './writer.ts';

const NO_VALUE = [new Uint8Array(0)];

/**
 * Gives up all records up to and including `upTo`. A mark in the log comes first: a broker that is killed within the next
 * minute forgets the deletion itself. The mark goes through `writer` if there is one. One attempt.
 * Errors: Invalid when `upTo` names no record, those of `writer`, those of the client.
 */
export async function truncateLog(
  partition: Partition,
  upTo: Place,
  writer: KafkaWalWriter | undefined,
  fetch: FetchOptions,
): Promise<void> {
  const end = await readLogEnd(partition, fetch);
  let cut = end.cut ?? { term: 0, offset: -1 };
  if (upTo.offset > cut.offset && upTo.offset >= end.start) {
    await recordBatchAt(partition, upTo, fetch);
    if (!(await isMarkedBy(writer, upTo))) {
      await partition.produce(fetch.lane, { head: markOf(end, upTo), values: NO_VALUE });
    }
    cut = upTo;
  }
  if (cut.offset >= end.start) await partition.deleteBefore(cut.offset + 1);
}

/** False when there is no writer, or it ended meanwhile, which is for its owner to know. */
async function isMarkedBy(writer: KafkaWalWriter | undefined, upTo: Place): Promise<boolean> {
  if (!writer?.isLive) return false;
  try {
    await writer.truncate(upTo);
    return true;
  } catch (caught) {
    if (writer.isLive) throw caught;
    return false;
  }
}

/** In the name of the writer that holds the channel, whose own batches it does not belong to. */
function markOf({ term, writer, bytes }: LogEnd, cut: Place): BatchHead {
  const nowhere = { expectedOffset: NOWHERE, firstPieceOffset: NOWHERE };
  return {
    kind: KINDS.cut,
    piece: 0,
    pieces: 1,
    term,
    writer: writer ?? 0,
    seq: 0,
    ...nowhere,
    bytesBefore: bytes,
    cut,
  };
}
