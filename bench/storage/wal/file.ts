import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import { walFilePlugin } from '../../../src/plugins/wal-file/index.ts';
import type { BareLog, WalServer } from './walPlace.ts';

export const fileLog: WalServer = {
  name: 'wal-file',
  bareName: 'write + fdatasync',
  whyNot: () => undefined,
  async open(folder) {
    const config = walFilePlugin.configSchema.parse({ path: join(folder, 'wal') });
    return {
      async openWal() {
        const wal = await walFilePlugin.create(config, pluginDeps);
        return { wal, close: () => wal.close() };
      },
      async openBare(channel) {
        const path = join(folder, channel);
        return new BareFile(path, await open(path, 'w'));
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
};

/** Every record is written behind the last and synced alone. */
class BareFile implements BareLog {
  readonly #path: string;
  readonly #file: FileHandle;
  #offset = 0;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  async append(record: Uint8Array): Promise<void> {
    const offset = this.#offset;
    this.#offset += record.length;
    await this.#file.write(record, 0, record.length, offset);
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
    await rm(this.#path);
  }
}
