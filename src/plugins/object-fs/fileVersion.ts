import type { BigIntStats } from 'node:fs';

export interface FileVersion {
  /** `<mtime in ns>.<inode>.<bytes>` in base 36. Every object is a new file, whose times nobody changes. */
  readonly version: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export function versionOf(stats: BigIntStats): FileVersion {
  const version = `${stats.mtimeNs.toString(36)}.${stats.ino.toString(36)}.${stats.size.toString(36)}`;
  return { version, bytes: Number(stats.size), modifiedMs: Number(stats.mtimeNs / 1_000_000n) };
}
