/**
 * Stands in for node:fs/promises, and for rmdirSync, in a copy of object-fs. Everything is done on the real disk, but only what was
 * synced survives `lose`: bytes by a sync of their file, names by a sync of their folder. `stopAfter` ends the machine's life
 * between two calls. Names change in the turn of the call, so that they are noted in the order in which they changed.
 */
import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import real from 'node:fs/promises';
import path from 'node:path';

/** A change of a name that no sync of its folder has made last. */
interface Unsynced {
  readonly folder: string;
  readonly undo: () => void;
  /** The folder that it removed. */
  readonly removed?: string;
}

let unsynced: Unsynced[] = [];
/** Inodes with bytes that were not synced. */
const dirty = new Set<number>();
let kept = '';
let keptFiles = 0;
let steps = 0;
let stepsMax = Number.POSITIVE_INFINITY;

/** `folder`: on the same file system, for what may have to come back. */
export function begin(folder: string): void {
  kept = folder;
  keptFiles = 0;
  steps = 0;
  stepsMax = Number.POSITIVE_INFINITY;
}

export function stopAfter(count: number): void {
  stepsMax = count;
}

export function stepsDone(): number {
  return steps;
}

/** Takes back what was not synced below `root`. */
export function lose(root: string): void {
  for (const { undo } of unsynced.reverse()) undo();
  unsynced = [];
  for (const name of fs.readdirSync(root, { recursive: true }) as string[]) {
    const file = path.join(root, name);
    const stats = fs.statSync(file);
    if (stats.isFile() && dirty.has(stats.ino)) fs.truncateSync(file);
  }
  dirty.clear();
}

function step(): void {
  if (steps === stepsMax) throw Object.assign(new Error('the power is off'), { code: 'EIO' });
  steps++;
}

function changed(name: string, undo: () => void): void {
  unsynced.push({ folder: path.dirname(name), undo });
}

/** These lasted, and what happened before in folders that are gone for good does not matter. */
function settle(synced: readonly Unsynced[]): void {
  const isMoot = (one: Unsynced, index: number): boolean =>
    synced.some((by) => by === one || (isBelow(one.folder, by.removed) && unsynced.indexOf(by) > index));
  unsynced = unsynced.filter((one, index) => !isMoot(one, index));
}

function isBelow(folder: string, removed: string | undefined): boolean {
  return removed !== undefined && `${folder}/`.startsWith(`${removed}/`);
}

/** Returns what brings the file of this name back. */
function keep(name: string): () => void {
  const copy = path.join(kept, String(keptFiles++));
  fs.linkSync(name, copy);
  return () => fs.linkSync(copy, name);
}

export async function open(name: string, flags: string): Promise<FileHandle> {
  step();
  // Temp files have names that come once.
  if (flags === 'wx') changed(name, () => fs.rmSync(name, { force: true }));
  const handle = await real.open(name, flags);
  const { ino } = await handle.stat();
  if (flags === 'wx') dirty.add(ino);
  return new Proxy(handle, {
    get(target, property) {
      if (property === 'sync') return () => sync(target, name, ino);
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        // A handle is closed even when the power is off.
        if (property !== 'close') step();
        if (property === 'write') dirty.add(ino);
        return value.apply(target, args) as unknown;
      };
    },
  });
}

async function sync(handle: FileHandle, name: string, ino: number): Promise<void> {
  step();
  const before = unsynced.filter(({ folder }) => folder === name);
  // Takes a while, as a sync does, without its work: others come in between.
  await handle.stat();
  step();
  dirty.delete(ino);
  settle(before);
}

export async function link(from: string, to: string): Promise<void> {
  step();
  fs.linkSync(from, to);
  changed(to, () => fs.rmSync(to, { force: true }));
}

export async function rename(from: string, to: string): Promise<void> {
  step();
  const bringBack = fs.existsSync(to) ? keep(to) : undefined;
  fs.renameSync(from, to);
  changed(to, () => {
    fs.rmSync(to, { force: true });
    bringBack?.();
  });
}

export async function unlink(name: string): Promise<void> {
  step();
  const bringBack = fs.existsSync(name) ? keep(name) : undefined;
  fs.unlinkSync(name);
  if (bringBack !== undefined) changed(name, bringBack);
}

export async function mkdir(
  name: string,
  options?: { readonly recursive: true },
): Promise<string | undefined> {
  step();
  const made = fs.mkdirSync(name, options);
  if (options === undefined) changed(name, () => fs.rmSync(name, { recursive: true, force: true }));
  return made;
}

export function rmdirSync(name: string): void {
  step();
  fs.rmdirSync(name);
  unsynced.push({ folder: path.dirname(name), undo: () => fs.mkdirSync(name), removed: name });
}

export async function stat(...args: Parameters<typeof real.stat>): Promise<unknown> {
  step();
  return real.stat(...args);
}

export const readdir = real.readdir;
