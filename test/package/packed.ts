import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../../scripts/build.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Without what the `npm run` around this test adds; the first `node` on the path is the one that runs the tests. */
export const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|ELANUS_|NODE_ENV|VITEST)/i.test(name)),
  ),
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
};

export function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, {
    cwd,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Builds and packs Elanus into `folder`; the path of the tarball. */
export async function packElanus(folder: string): Promise<string> {
  await build(false);
  return pack(ROOT, folder, '--ignore-scripts');
}

/** Packs the package in `source` into `folder`; the path of the tarball. */
export function pack(source: string, folder: string, ...options: string[]): string {
  mkdirSync(folder, { recursive: true });
  const before = new Set(readdirSync(folder));
  const printed = npm(source, 'pack', '--json', ...options, '--pack-destination', folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz') && !before.has(name));
  if (tarball === undefined) throw new Error(`npm pack made no tarball: ${printed}`);
  return join(folder, tarball);
}

/** Installs tarballs or packages as a user would. */
export function install(folder: string, ...what: string[]): void {
  npm(folder, 'install', '--no-audit', '--no-fund', '--prefer-offline', ...what);
}

export interface Ended {
  readonly status: number | null;
  /** Both streams. */
  readonly output: string;
}

/** Runs a command to its end, at most three minutes. */
export function run(cwd: string, command: string, args: readonly string[]): Ended {
  const options = { cwd, env: environment, encoding: 'utf8', timeout: 180_000 } as const;
  const { status, stdout, stderr } = spawnSync(command, args, options);
  return { status, output: stdout + stderr };
}
