import { copyFileSync } from 'node:fs';
import { folderOf, type ServerDefinition } from './definition.ts';
import { answers, freePort } from './ready.ts';
import { type BackendServer, startServer } from './running.ts';
import { buildGo } from './tools.ts';

const MODULE = ['go.mod', 'go.sum'].map((name) => new URL(`./etcd/${name}`, import.meta.url));

export const etcd: ServerDefinition = {
  name: 'etcd',
  version: 'v3.6.16',
  lockFiles: MODULE,
  /** Its own module: `go install` refuses etcd, whose go.mod has replacements. */
  async install(folder) {
    for (const file of MODULE) copyFileSync(file, `${folder}/${file.pathname.split('/').at(-1)}`);
    await buildGo('go.etcd.io/etcd/server/v3', `${folder}/etcd`, folder);
  },
};

/** One member, no authentication, on disk. `args` are further options of the command line. */
export function startEtcd({ args = [] }: { readonly args?: readonly string[] } = {}): Promise<BackendServer> {
  return startServer(etcd, async (folder) => {
    const port = await freePort();
    const client = `http://127.0.0.1:${port}`;
    const peer = `http://127.0.0.1:${await freePort()}`;
    return {
      port,
      command: `${folderOf('etcd')}/etcd`,
      args: [
        ...['--name', 'n1', '--data-dir', `${folder}/data`, '--log-level', 'warn'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...[
          '--listen-peer-urls',
          peer,
          '--initial-advertise-peer-urls',
          peer,
          '--initial-cluster',
          `n1=${peer}`,
        ],
        ...args,
      ],
      isReady: () => answers(port, '/health', '"health":"true"'),
    };
  });
}
