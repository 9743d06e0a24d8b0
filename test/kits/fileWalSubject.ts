import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { seededNumbers } from '../../conformance/storage/checks.ts';
import type { WalFactory, WalFaults, WalSubject } from '../../conformance/storage/wal/kit.ts';
import type { LogFields, Logger } from '../../src/core/ports/logger.ts';
import type { Wal } from '../../src/core/ports/wal.ts';
import { type WalFileConfig, walFileConfigSchema } from '../../src/plugins/wal-file/config.ts';
import type { FileSystem } from '../../src/plugins/wal-file/fileSystem.ts';
import { openFileWal } from '../../src/plugins/wal-file/fileWal.ts';
import { nodeFileSystem } from '../../src/plugins/wal-file/nodeFileSystem.ts';
import { SimulatedDisk } from './simulatedDisk.ts';

export type OpenFileWal = typeof openFileWal;

const CAPABILITIES = { durable: true, sharedByProcesses: false };

/** Small files and batches, so that a few records fill them. */
function smallConfig(directory: string): WalFileConfig {
  return walFileConfigSchema.parse({
    path: directory,
    segmentBytesMax: 4096,
    batchBytesMax: 4096,
    recordBytesMax: 20_000,
    readBufferBytes: 4096,
  });
}

/** The file log on a real directory. */
export const realDiskFactory: WalFactory = {
  capabilities: CAPABILITIES,
  canCrash: false,
  canFail: false,
  async open() {
    const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'elanus-wal-'));
    const { reopen, closeAll } = opener(
      openFileWal,
      smallConfig(directory),
      warningLogger([]),
      () => nodeFileSystem,
    );
    return {
      wal: await reopen(),
      reopen,
      async dispose() {
        await closeAll();
        await fs.rm(directory, { recursive: true });
      },
    };
  },
};

/** The file log, as it is or as `open` of a changed copy makes it, on a simulated disk. */
export function simulatedDiskFactory(open: OpenFileWal = openFileWal): WalFactory {
  return {
    capabilities: CAPABILITIES,
    canCrash: true,
    canFail: true,
    async open(seed) {
      const disk = new SimulatedDisk(seededNumbers(seed ^ 0x5eed));
      const warnings: string[] = [];
      const { reopen } = opener(open, smallConfig('/wal'), warningLogger(warnings), () => disk.fileSystem());
      const subject: WalSubject = {
        wal: await reopen(),
        reopen,
        crash: async () => disk.restart(true),
        faults: faultsOf(disk, warnings),
        // Nothing outlives the object, and what a crash left behind could not be closed.
        dispose: async () => disk.restart(false),
      };
      return subject;
    },
  };
}

function opener(
  open: OpenFileWal,
  config: WalFileConfig,
  logger: Logger,
  fileSystem: () => FileSystem,
): { reopen: () => Promise<Wal>; closeAll: () => Promise<void> } {
  const opened: Wal[] = [];
  return {
    async reopen() {
      const wal = open(config, logger, fileSystem());
      opened.push(wal);
      return wal;
    },
    async closeAll() {
      await Promise.all(opened.map((wal) => wal.close()));
    },
  };
}

function faultsOf(disk: SimulatedDisk, warnings: readonly string[]): WalFaults {
  return {
    get steps() {
      return disk.steps;
    },
    warnings,
    stopAfter: (steps) => disk.stopAfter(steps),
    restart: async (powerLost) => disk.restart(powerLost),
    failSyncAfter: (syncs) => disk.failSyncAfter(syncs),
    limitSpace: (bytes) => disk.limitSpace(bytes),
    shortenWrites: () => disk.shortenWrites(),
    flipBit: (random) => disk.flipBit(random),
  };
}

export function warningLogger(warnings: string[]): Logger {
  const note = (message: string, fields: LogFields = {}): void => {
    warnings.push(JSON.stringify({ message, ...fields }));
  };
  const logger: Logger = {
    child: () => logger,
    debug: () => undefined,
    info: () => undefined,
    warn: note,
    error: note,
  };
  return logger;
}
