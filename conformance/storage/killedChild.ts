import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Runs the module `child` with `args` in a process of its own, reads what it prints a line at a time, and kills it with
 * SIGKILL when it has printed `linesMin` lines, in the middle of whatever it does then. Returns all lines it printed.
 * Rejects, with what it wrote to stderr, when the child ends by itself.
 */
export async function killAfterLines(
  child: URL,
  args: readonly string[],
  linesMin: number,
): Promise<string[]> {
  const process_ = spawn(process.execPath, [fileURLToPath(child), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let errors = '';
  process_.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exited = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    process_.on('error', reject);
    process_.on('close', (_code, signal) => resolve(signal));
  });
  for await (const line of createInterface({ input: process_.stdout })) {
    lines.push(line);
    if (lines.length === linesMin) process_.kill('SIGKILL');
  }
  if ((await exited) !== 'SIGKILL')
    throw new Error(`the child ended by itself after ${lines.length} lines: ${errors}`);
  return lines;
}
