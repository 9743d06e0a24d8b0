import { spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';

/** A PostgreSQL server of Debian's package, on the loopback, over a folder of its own. */
interface PostgresServer {
  readonly url: string;
  stop(): Promise<void>;
}

const READY_MS_MAX = 60_000;
/** Of an unused account: the server refuses to run as root. */
const NOBODY = 65_534;

function binaries(): string | undefined {
  return globSync('/usr/lib/postgresql/*/bin').sort().at(-1);
}

/** Tests on a server that starts before them and goes with its data after them. Where there is none nothing runs, and why is printed. */
export function withPostgres(name: string, define: (server: () => PostgresServer) => void): void {
  const isThere = binaries() !== undefined;
  if (!isThere) console.log(`not run: ${name}: PostgreSQL is not installed (apt-get install -y postgresql)`);
  describe.skipIf(!isThere)(name, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres();
    }, 2 * READY_MS_MAX);
    afterAll(() => server?.stop());
    define(() => server);
  });
}

async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries()!;
  const folder = mkdtempSync(join(tmpdir(), 'elanus-postgres-'));
  const account = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (account.uid !== undefined) spawnSync('chown', [`${NOBODY}:${NOBODY}`, folder]);
  const data = join(folder, 'data');
  const init = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'elanus', '-A', 'trust', '-E', 'UTF8', '--locale', 'C'],
    {
      ...account,
      cwd: folder,
      encoding: 'utf8',
    },
  );
  if (init.status !== 0) throw new Error(`initdb failed: ${init.stderr}`);
  const port = await freePort();
  const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder];
  const server = spawn(join(bin, 'postgres'), args, {
    ...account,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  const ready = new Promise<void>((resolve, reject) => {
    server.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes('ready to accept connections')) resolve();
    });
    server.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${log}`)));
    setTimeout(() => reject(new Error(`postgres is not ready: ${log}`)), READY_MS_MAX).unref();
  });
  await ready;
  return {
    url: `postgresql://elanus@127.0.0.1:${port}/postgres`,
    async stop() {
      const exited = new Promise((resolve) => server.once('exit', resolve));
      // Immediate shutdown, since the data go too.
      server.kill('SIGQUIT');
      await exited;
      if (existsSync(folder)) rmSync(folder, { recursive: true });
    },
  };
}

function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer().once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as { port: number };
    server.close(() => resolve(port));
  });
  return promise;
}
