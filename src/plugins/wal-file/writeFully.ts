import type { WalFile } from './fileSystem.ts';

/** Writes all of `buffers`, going on after short writes. Never throws: `failure` is what stopped it. */
export async function writeFully(
  file: WalFile,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<{ readonly writtenBytes: number; readonly failure: unknown }> {
  let rest = buffers;
  let writtenBytes = 0;
  while (rest.length > 0) {
    let bytes: number;
    try {
      bytes = await file.writev(rest, position + writtenBytes);
    } catch (failure) {
      return { writtenBytes, failure };
    }
    if (bytes === 0) return { writtenBytes, failure: new Error('the file system wrote 0 bytes') };
    writtenBytes += bytes;
    rest = dropBytes(rest, bytes);
  }
  return { writtenBytes, failure: undefined };
}

function dropBytes(buffers: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  for (let i = 0; i < buffers.length; i++) {
    const buffer = buffers[i]!;
    if (left < buffer.length) return [buffer.subarray(left), ...buffers.slice(i + 1)];
    left -= buffer.length;
  }
  return [];
}
