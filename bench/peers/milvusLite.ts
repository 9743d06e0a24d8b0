import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { environmentFolder, installOnce } from './environment.ts';
import type { System } from './system.ts';

/** The rewrite in Python with faiss. */
export const milvusLite3: System = {
  name: 'Milvus Lite 3.2.2',
  isElanus: false,
  indexType: 'HNSW',
  stopSignal: 'SIGTERM',
  prepare: async () => installOnce('lite3', 'bin/milvus-lite', ['milvus-lite==3.2.2', 'pymilvus==3.0.2']),
  command: async (dataDir, port) => ({
    command: join(environmentFolder('lite3'), 'bin/milvus-lite'),
    args: ['server', '--data-dir', join(dataDir, 'data'), '--host', '127.0.0.1', '--port', String(port)],
  }),
};

/** The C++ core of Milvus 2.5; it has no graph index. */
export const milvusLite2: System = {
  name: 'Milvus Lite 2.5.1',
  isElanus: false,
  indexType: 'FLAT',
  stopSignal: 'SIGTERM',
  prepare: async () => installOnce('lite2', 'bin/milvus-lite', ['milvus-lite==2.5.1', 'setuptools<80']),
  command: async (dataDir, port) => {
    const library = join(sitePackages(), 'milvus_lite/lib');
    return {
      command: join(library, 'milvus'),
      args: [join(dataDir, 'lite.db'), `127.0.0.1:${port}`, 'ERROR'],
      env: { LD_LIBRARY_PATH: library },
    };
  },
};

function sitePackages(): string {
  const lib = join(environmentFolder('lite2'), 'lib');
  const python = readdirSync(lib).find((name) => name.startsWith('python'));
  if (python === undefined) throw new Error(`${lib} holds no python folder`);
  return join(lib, python, 'site-packages');
}
