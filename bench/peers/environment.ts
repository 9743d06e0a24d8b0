import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../.bench/', import.meta.url));

/** The folder of a Python environment in .bench/. */
export function environmentFolder(name: string): string {
  return join(ROOT, name);
}

/** Makes a Python environment with these packages, once. Resolves with why it cannot be made, if so. */
export function installOnce(
  name: string,
  program: string,
  requirements: readonly string[],
): string | undefined {
  const folder = environmentFolder(name);
  if (existsSync(join(folder, program))) return undefined;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  return (
    run('python3', ['-m', 'venv', folder]) ??
    run(join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...requirements]) ??
    (existsSync(join(folder, program)) ? undefined : `${requirements.join(' ')} holds no ${program}`)
  );
}

/** Why it failed, or undefined. */
function run(command: string, args: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) return `${command}: ${error.message}`;
  const lastLine = stderr.trim().split('\n').at(-1) ?? '';
  return status === 0 ? undefined : `${command} ended with ${status}: ${lastLine}`;
}
