import { rmdirSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from './errors.ts';

/** Folders whose names are known to be on disk; beyond that many they are checked again. */
const KNOWN_MAX = 20_000;

/** The folders under a root: makes them durably, syncs them, removes those that became empty. */
export class Folders {
  readonly #root: string;
  readonly #known = new Map<string, Promise<void>>();
  /** How many writers are about to put something into a folder or below it. */
  readonly #holds = new Map<string, number>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Runs `write` with the folder in place; nobody in this process removes it meanwhile. */
  async hold<Result>(folder: string, write: () => Promise<Result>): Promise<Result> {
    this.#count(folder, 1);
    try {
      await this.#ensure(folder);
      return await write();
    } catch (caught) {
      // Another process may have removed it as empty.
      if (codeOf(caught) === 'ENOENT') this.#forget(folder);
      throw caught;
    } finally {
      this.#count(folder, -1);
    }
  }

  /** Removes `folder` and its parents as far as they are empty and unused; returns the one that stays. */
  prune(folder: string): string {
    let at = folder;
    while (at !== this.#root && !this.#holds.has(at) && removeEmpty(at)) {
      this.#known.delete(at);
      at = dirname(at);
    }
    return at;
  }

  /** Syncs `folder`, or the nearest parent when it was removed meanwhile. */
  async syncNearest(folder: string): Promise<void> {
    try {
      await syncFolder(folder);
    } catch (caught) {
      if (codeOf(caught) !== 'ENOENT' || folder === this.#root) throw caught;
      await this.syncNearest(dirname(folder));
    }
  }

  #ensure(folder: string): Promise<void> {
    if (folder === this.#root) return Promise.resolve();
    const known = this.#known.get(folder);
    if (known !== undefined) return known;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    const made = this.#make(folder);
    this.#known.set(folder, made);
    return made;
  }

  /** The parent is synced even when the folder exists: whoever made it may not have come to that. */
  async #make(folder: string): Promise<void> {
    const parent = dirname(folder);
    try {
      await this.#ensure(parent);
      await makeFolder(folder);
      await syncFolder(parent);
    } catch (caught) {
      this.#known.delete(folder);
      throw caught;
    }
  }

  #forget(folder: string): void {
    for (let at = folder; at !== this.#root; at = dirname(at)) this.#known.delete(at);
  }

  #count(folder: string, change: number): void {
    for (let at = folder; at !== this.#root; at = dirname(at)) {
      const holds = (this.#holds.get(at) ?? 0) + change;
      if (holds === 0) this.#holds.delete(at);
      else this.#holds.set(at, holds);
    }
  }
}

/** Makes the root with its parents, durably. */
export async function makeRoot(root: string): Promise<void> {
  const firstMade = await mkdir(root, { recursive: true });
  if (firstMade === undefined) return;
  for (let at = root; at.length >= firstMade.length; at = dirname(at)) await syncFolder(dirname(at));
}

/** Makes changes of names in `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (caught) {
    // A file of that name shows up as ENOTDIR in the next step.
    if (codeOf(caught) !== 'EEXIST') throw caught;
  }
}

/** Synchronous, so that no writer of this process can come in between. False when it stays. */
function removeEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (caught) {
    const code = codeOf(caught);
    if (code === 'ENOENT') return true;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw caught;
  }
}
