import { writeFileSync } from 'node:fs';
import { run } from './commands.ts';
import { folderOf, type ServerDefinition } from './definition.ts';
import { accepts, freePort } from './ready.ts';
import { type BackendServer, startServer } from './running.ts';

export const azurite: ServerDefinition = {
  name: 'azurite',
  version: '3.35.0',
  async install(folder) {
    writeFileSync(`${folder}/package.json`, '{ "private": true }\n');
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', ...quiet, `azurite@${this.version}`], { folder });
  },
};

/**
 * Azure's blob service over a folder, for the account devstoreaccount1 with its well-known key. `stop` keeps all; after
 * `kill` the last seconds of writes may be gone, though they were acknowledged: it saves its index every 5 s.
 */
export function startAzurite(): Promise<BackendServer> {
  return startServer(azurite, async (folder) => {
    const port = await freePort();
    return {
      port,
      command: process.execPath,
      args: [
        `${folderOf('azurite')}/node_modules/azurite/dist/src/blob/main.js`,
        ...['--blobHost', '127.0.0.1', '--blobPort', `${port}`, '--location', `${folder}/data`],
        ...['--silent', '--skipApiVersionCheck', '--disableTelemetry'],
      ],
      isReady: () => accepts(port),
    };
  });
}
