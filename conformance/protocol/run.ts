import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { python } from '../../scripts/python.ts';

/**
 * Protocol conformance: unmodified clients (pymilvus, the Node SDK) against real server processes. Settings of the server
 * come in through the environment, so that the same cases run on several configurations:
 * `node conformance/protocol/run.ts [--roles] [pytest or vitest filter]`.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const args = process.argv.slice(2);
const roles = args.includes('--roles');
const filters = args.filter((arg) => !arg.startsWith('--'));
const env: Record<string, string | undefined> = { ...process.env };
if (roles) env.ELANUS_ROLES_LINK = 'serialized';

let failed = 0;

function step(
  name: string,
  command: string,
  commandArgs: readonly string[],
  extra: Record<string, string> = {},
): void {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(command, commandArgs, {
    cwd: root,
    stdio: 'inherit',
    env: { ...env, ...extra },
  });
  if (status !== 0) failed++;
}

step('build', process.execPath, ['scripts/build.ts']);
const select = filters.length > 0 ? ['-k', filters.join(' or ')] : [];
// Two processes with a server each; a file's cases stay together.
const inTwo = ['-n', '2', '--dist', 'loadfile'];
const pytest = [
  '-m',
  'pytest',
  '-q',
  '-p',
  'no:cacheprovider',
  ...inTwo,
  'conformance/protocol/python',
  ...select,
];
step('pymilvus', python(), pytest);
if (!roles) step('pymilvus, load.onFirstUse off', python(), pytest, { ELANUS_LOAD_ON_FIRST_USE: 'false' });
const vitest = ['run', '--config', 'conformance/protocol/vitest.config.ts'];
step('Node SDK', 'vitest', [...vitest, '--dir', 'conformance/protocol/node', ...filters]);
step('compatibility table', 'vitest', [...vitest, '--dir', 'conformance/protocol/compatibility', ...filters]);
process.exitCode = failed === 0 ? 0 : 1;
