import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * Reads a process id, or nothing, a line; at the end of input kills the last one and removes the folder. Gives a dead
 * process 5 s to go: in a container nobody may reap it.
 */
const SCRIPT = `
trap '' INT TERM HUP
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -9 "$pid"
  looks=0
  while [ $looks -lt 250 ] && kill -0 "$pid" 2>/dev/null; do sleep 0.02; looks=$((looks + 1)); done
fi
rm -rf "$1"`;

/**
 * A shell that kills a server and removes its folder when told to, or when this process is gone, however it ended: the pipe
 * between them closes then.
 */
export class Warden {
  readonly #shell: ChildProcess;
  readonly #input: Writable;

  constructor(folder: string) {
    this.#shell = spawn('sh', ['-c', SCRIPT, 'warden', folder], { stdio: ['pipe', 'ignore', 'ignore'] });
    this.#input = this.#shell.stdin!;
  }

  /** Replaces the process to kill; undefined when there is none. */
  watch(pid: number | undefined): void {
    this.#input.write(`${pid ?? ''}\n`);
  }

  /** Resolves when the server is dead and the folder removed. */
  async dismiss(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = once(this.#shell, 'exit');
    this.#input.end();
    await ended;
  }
}
