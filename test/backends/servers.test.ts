import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SERVERS } from '../../scripts/servers/all.ts';
import { accepts } from '../../scripts/servers/ready.ts';
import { DATA_FOLDER } from '../../scripts/servers/running.ts';
import { withServer } from './backend.ts';

function dataFoldersOf(pid: number): string[] {
  return readdirSync(DATA_FOLDER).filter((folder) => folder.includes(`-of-${pid}-`));
}

for (const { name, version } of SERVERS) {
  withServer(name, (server) => {
    test('starts, stops, starts again, is killed, starts again on its port', async () => {
      const { port } = server();
      expect(server()).toMatchObject({ name, version });
      expect(await accepts(port)).toBe(true);
      for (const end of ['stop', 'kill'] as const) {
        await server()[end]();
        expect(await accepts(port)).toBe(false);
        await server()[end]();
        await server().start();
        expect(await accepts(port)).toBe(true);
      }
      await expect(server().start()).rejects.toThrow('runs already');
    });
  });
}

withServer('etcd', () => {
  test('a process that is killed leaves neither server nor data behind', async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('./startsEtcd.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(line);
    expect(await accepts(port)).toBe(true);
    expect(dataFoldersOf(child.pid!)).toHaveLength(1);
    child.kill('SIGKILL');
    await expect.poll(() => accepts(port), { timeout: 10_000 }).toBe(false);
    await expect.poll(() => dataFoldersOf(child.pid!), { timeout: 10_000 }).toEqual([]);
  });
});
