import { mkdirSync } from 'node:fs';
import { folderOf, type ServerDefinition } from './definition.ts';
import { answers, freePort } from './ready.ts';
import { type BackendServer, startServer } from './running.ts';
import { installGo } from './tools.ts';

export const versitygw: ServerDefinition = {
  name: 'versitygw',
  version: 'v1.8.0',
  install(folder) {
    return installGo(`github.com/versity/versitygw/cmd/versitygw@${this.version}`, folder);
  },
};

/** S3 over a folder, without buckets, access key `elanus`, secret `elanus-secret`. */
export function startVersitygw(): Promise<BackendServer> {
  return startServer(versitygw, async (folder) => {
    const port = await freePort();
    const data = `${folder}/data`;
    mkdirSync(data);
    return {
      port,
      command: `${folderOf('versitygw')}/versitygw`,
      args: ['--port', `127.0.0.1:${port}`, '--quiet', '--health', '/health', 'posix', data],
      env: { ROOT_ACCESS_KEY: 'elanus', ROOT_SECRET_KEY: 'elanus-secret' },
      isReady: () => answers(port, '/health'),
    };
  });
}
