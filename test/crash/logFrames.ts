import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readFileHeader } from '../../src/plugins/wal-file/fileHeader.ts';
import {
  FRAME_HEADER_BYTES,
  FRAME_KIND_RECORD,
  frameBytes,
  parseFrameHeader,
} from '../../src/plugins/wal-file/frame.ts';
import { nodeFileSystem } from '../../src/plugins/wal-file/nodeFileSystem.ts';

/** Where a record lies on disk. */
export interface Frame {
  readonly path: string;
  /** Of the frame's head; the record follows FRAME_HEADER_BYTES later. */
  readonly offset: number;
  readonly recordBytes: number;
  /** Behind the frame. */
  readonly end: number;
}

const LOG_NAME = /^([0-9a-f]{16})\.([0-9a-f]{8})\.log$/;

/** All records of a channel's log in order, while nobody writes to it. */
export async function framesOf(dataDir: string, pchannel: string): Promise<Frame[]> {
  const folder = join(dataDir, 'wal', pchannel);
  const names = readdirSync(folder).filter((name) => LOG_NAME.test(name));
  const frames: Frame[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    const [, term, index] = LOG_NAME.exec(name)!;
    const header = await readFileHeader(
      nodeFileSystem,
      path,
      Number.parseInt(term!, 16),
      Number.parseInt(index!, 16),
    );
    if (header !== undefined) frames.push(...framesIn(path, header.framesOffset, header.salt));
  }
  return frames;
}

function framesIn(path: string, from: number, salt: number): Frame[] {
  const bytes = readFileSync(path);
  const frames: Frame[] = [];
  for (let offset = from; offset + FRAME_HEADER_BYTES <= bytes.length; ) {
    const header = parseFrameHeader(bytes, offset, salt);
    if (header === undefined) break;
    const end = offset + frameBytes(header.recordBytes);
    if (header.kind === FRAME_KIND_RECORD) {
      frames.push({ path, offset, recordBytes: header.recordBytes, end });
    }
    offset = end;
  }
  return frames;
}

export function flipByte(path: string, at: number): void {
  const value = readFileSync(path)[at]!;
  writeAt(path, at, Uint8Array.of(value ^ 0x10));
}

export function writeAt(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, bytes, 0, bytes.length, at);
  } finally {
    closeSync(file);
  }
}
