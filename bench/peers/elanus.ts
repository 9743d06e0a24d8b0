import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../../scripts/build.ts';
import type { System } from './system.ts';

const ENTRY = fileURLToPath(new URL('../../dist/elanus.js', import.meta.url));

/** Elanus as a user starts it. `nodeOptions` go before the file, for profiles. */
export function elanus(nodeOptions: readonly string[] = []): System {
  return {
    name: 'Elanus',
    isElanus: true,
    indexType: 'HNSW',
    stopSignal: 'SIGTERM',
    prepare: async () => {
      await build(false);
      return undefined;
    },
    command: async (dataDir, port) => ({
      command: process.execPath,
      args: [
        ...nodeOptions,
        ENTRY,
        '--data-dir',
        join(dataDir, 'data'),
        '--port',
        String(port),
        '--admin-port',
        '0',
      ],
    }),
  };
}
