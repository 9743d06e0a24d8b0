import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const OUTPUT_BYTES_MAX = 256 << 20;
const SHOWN_CHARS_MAX = 3000;

export interface RunOptions {
  readonly folder?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command to its end and returns its standard output. Rejects, with the end of its output, when it fails. */
export function run(
  command: string,
  args: readonly string[],
  { folder, env }: RunOptions = {},
): Promise<string> {
  const options = { cwd: folder, env: { ...process.env, ...env }, maxBuffer: OUTPUT_BYTES_MAX };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const output = `${stdout}\n${stderr}`.trim().slice(-SHOWN_CHARS_MAX);
      reject(new Error(`${command} ${args.join(' ')} failed (${error.code}):\n${output}`));
    });
  });
}

/** Whether `command` can be run by its name. */
export function onPath(command: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => isExecutable(join(folder, command)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
