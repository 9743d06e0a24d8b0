import { access, constants, open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ElanusError } from '../../core/domain/errors.ts';
import { codeOf, storeError } from './errors.ts';

const META_BYTES = 168;
const META_PAGES = 2;
const META_FLAG = 0x08;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;
const EMPTY_ROOT = 0xffff_ffff_ffff_ffffn;
/** The lock file, two meta pages and the first commits. */
const FREE_BYTES_MIN = 512 * 1024;

/**
 * Finds out beforehand whether LMDB can open the folder `path`, because the native module crashes the process when it
 * cannot: is it writable, is there space, is `data.mdb` what LMDB wrote (lmdb.h; page header, then MDB_meta) and not cut.
 * Errors: Unavailable, Exhausted, Corrupt.
 */
export async function checkBeforeOpen(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(path);
    if (bavail * bsize < FREE_BYTES_MIN) {
      const context = { resource: 'disk', path, freeBytes: bavail * bsize, limit: FREE_BYTES_MIN };
      throw new ElanusError('Exhausted', 'catalogue: no space left on the device', { context });
    }
    await checkDataFile(join(path, 'data.mdb'), path);
  } catch (caught) {
    throw storeError(caught, path);
  }
}

async function checkDataFile(name: string, path: string): Promise<void> {
  const file = await openIfThere(name);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    // A process that was killed before the first commit leaves an empty file, which LMDB takes for a new one.
    if (size === 0) return;
    const first = Buffer.alloc(META_BYTES);
    await file.read(first, 0, META_BYTES, 0);
    const pageBytes = checkMeta(first, path);
    const second = Buffer.alloc(META_BYTES);
    await file.read(second, 0, META_BYTES, pageBytes);
    checkMeta(second, path);
    const newest = transactionOf(first) > transactionOf(second) ? first : second;
    checkRoots(newest, pageBytes, size, path);
  } finally {
    await file.close();
  }
}

async function openIfThere(name: string) {
  try {
    return await open(name, 'r+');
  } catch (caught) {
    if (codeOf(caught) === 'ENOENT') return undefined;
    throw caught;
  }
}

/** Size of a page in bytes. Offsets: 18 page flags, 24 magic, 28 version, 48 page size. */
function checkMeta(meta: Buffer, path: string): number {
  const pageBytes = meta.readUInt32LE(48);
  const fits =
    (meta.readUInt16LE(18) & META_FLAG) !== 0 &&
    meta.readUInt32LE(24) === MAGIC &&
    meta.readUInt16LE(28) === DATA_VERSION &&
    pageBytes >= PAGE_BYTES_MIN &&
    pageBytes <= PAGE_BYTES_MAX;
  if (!fits) throw corrupt('data.mdb is no LMDB file', path);
  return pageBytes;
}

/** The root pages of the free list (offset 88) and of the records (136) must lie in the file. */
function checkRoots(meta: Buffer, pageBytes: number, fileBytes: number, path: string): void {
  for (const offset of [88, 136]) {
    const root = meta.readBigUInt64LE(offset);
    if (root !== EMPTY_ROOT && (Number(root) + 1) * pageBytes > fileBytes) {
      throw corrupt('data.mdb was cut', path, { fileBytes, page: root });
    }
  }
  if (fileBytes < META_PAGES * pageBytes) throw corrupt('data.mdb was cut', path, { fileBytes });
}

function transactionOf(meta: Buffer): bigint {
  return meta.readBigUInt64LE(152);
}

function corrupt(
  why: string,
  path: string,
  more: Readonly<Record<string, number | bigint>> = {},
): ElanusError {
  return new ElanusError('Corrupt', `catalogue: ${why}`, { context: { path, ...more } });
}
