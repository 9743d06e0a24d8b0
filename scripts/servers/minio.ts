import { folderOf, type ServerDefinition } from './definition.ts';
import { answers, freePort } from './ready.ts';
import { type BackendServer, startServer } from './running.ts';
import { installGo } from './tools.ts';

export const minio: ServerDefinition = {
  name: 'minio',
  version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
  install(folder) {
    return installGo(`github.com/minio/minio@${this.version}`, folder);
  },
};

/** S3 without buckets, access key `elanus`, secret `elanus-secret`. */
export function startMinio(): Promise<BackendServer> {
  return startServer(minio, async (folder) => {
    const port = await freePort();
    return {
      port,
      command: `${folderOf('minio')}/minio`,
      args: ['server', `${folder}/data`, '--address', `127.0.0.1:${port}`, '--quiet'],
      env: {
        MINIO_ROOT_USER: 'elanus',
        MINIO_ROOT_PASSWORD: 'elanus-secret',
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
      },
      isReady: () => answers(port, '/minio/health/ready'),
    };
  });
}
