import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentFolder, installOnce } from './environment.ts';
import type { System } from './system.ts';

const ENVIRONMENT = 'milvus';
const PROGRAM = 'bin/milvus-server';

/** The real server with its etcd and storage in it. */
export const milvus: System = {
  name: 'Milvus 2.3.5',
  isElanus: false,
  indexType: 'HNSW',
  stopSignal: 'SIGINT',
  prepare: async () => installOnce(ENVIRONMENT, PROGRAM, ['milvus==2.3.5']),
  command: async (dataDir, port, freePort) => {
    const etcdPort = await freePort();
    const peer = `http://127.0.0.1:${await freePort()}`;
    const client = `http://127.0.0.1:${etcdPort}`;
    const config = join(dataDir, 'etcd.yaml');
    const settings = {
      name: 'default',
      'data-dir': join(dataDir, 'etcd'),
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `default=${peer}`,
    };
    writeFileSync(config, JSON.stringify(settings));
    return {
      command: join(environmentFolder(ENVIRONMENT), PROGRAM),
      args: ['--etcd-port', String(etcdPort), '--data', join(dataDir, 'data'), '--proxy-port', String(port)],
      env: { ETCD_CONFIG_PATH: config },
    };
  },
};
