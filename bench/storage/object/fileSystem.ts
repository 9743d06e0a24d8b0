import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import { objectFsPlugin } from '../../../src/plugins/object-fs/index.ts';
import type { BareObjects, ObjectServer } from './objectPlace.ts';

export const fileSystem: ObjectServer = {
  name: 'object-fs',
  bareName: 'temp, fsync, rename, fsync of the folder',
  whyNot: () => undefined,
  async open(folder) {
    const root = join(folder, 'objects');
    const config = objectFsPlugin.configSchema.parse({ path: root });
    // The adapter's own: how long ext4 looks for an inode depends on the folder, when many of its files were deleted lately.
    const temps = join(root, '+temp');
    await mkdir(temps, { recursive: true });
    return {
      bare: new BareFiles(join(root, 'bare'), temps),
      openStore: () => objectFsPlugin.create(config, pluginDeps),
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
};

class BareFiles implements BareObjects {
  readonly #root: string;
  readonly #tempFolder: string;
  readonly #folders = new Set<string>();
  #temps = 0;

  constructor(root: string, tempFolder: string) {
    this.#root = root;
    this.#tempFolder = tempFolder;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = await this.#pathOf(key);
    await rename(await this.#write(bytes), path);
    await syncFolder(dirname(path));
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<void> {
    const path = await this.#pathOf(key);
    const temp = await this.#write(bytes);
    await link(temp, path);
    await unlink(temp);
    await syncFolder(dirname(path));
  }

  get(key: string): Promise<Uint8Array> {
    return readFile(join(this.#root, key));
  }

  async getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    const file = await open(join(this.#root, key), 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async list(prefix: string): Promise<number> {
    const folder = join(this.#root, prefix);
    const names = (await readdir(folder)).sort();
    return (await Promise.all(names.map((name) => stat(join(folder, name))))).length;
  }

  delete(key: string): Promise<void> {
    return unlink(join(this.#root, key));
  }

  async #pathOf(key: string): Promise<string> {
    const path = join(this.#root, key);
    const folder = dirname(path);
    if (!this.#folders.has(folder)) await mkdir(folder, { recursive: true });
    this.#folders.add(folder);
    return path;
  }

  /** Path of a synced file with `bytes`. */
  async #write(bytes: Uint8Array): Promise<string> {
    const path = join(this.#tempFolder, `bare-${this.#temps++}`);
    const file = await open(path, 'wx');
    try {
      await file.write(bytes, 0, bytes.length, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    return path;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
