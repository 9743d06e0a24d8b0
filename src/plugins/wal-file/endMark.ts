import type { Logger } from '../../core/ports/logger.ts';
import { walFileError } from './errors.ts';
import { FRAME_HEADER_BYTES, FRAME_KIND_GAP, writeFrameHeader } from './frame.ts';
import type { OpenLogFile } from './logFiles.ts';
import { writeFully } from './writeFully.ts';

/**
 * Ends a file that is closed in order with an empty frame whose `durableUpTo` covers the last record, so that damage to
 * that is never taken for an unfinished tail. Without the mark the log is as good as after a crash, so a failure is
 * only logged.
 */
export async function writeEndMark(
  log: OpenLogFile,
  offset: number,
  seq: number,
  logger: Logger,
): Promise<void> {
  const mark = Buffer.alloc(FRAME_HEADER_BYTES);
  writeFrameHeader(mark, 0, log.header.salt, {
    kind: FRAME_KIND_GAP,
    recordBytes: 0,
    recordCrc: 0,
    seq,
    durableUpTo: offset,
  });
  const { failure } = await writeFully(log.file, [mark], offset);
  try {
    if (failure !== undefined) throw failure;
    await log.file.datasync();
  } catch (caught) {
    const error = walFileError(caught, 'writing the end mark of', log.path);
    logger.warn('could not write the end mark of the log', { file: log.path, error });
  }
}
