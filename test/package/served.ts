import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { environment } from './packed.ts';

/** The command `elanus`, serving on free ports in a folder. */
export class ServedCommand {
  static readonly #running = new Set<ChildProcess>();
  readonly address: string;
  readonly adminAddress: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, printed: string) {
    this.#child = child;
    this.address = /listens on (\S+)/.exec(printed)?.[1] ?? '';
    this.adminAddress = /health +http:\/\/([^/]+)/.exec(printed)?.[1] ?? '';
  }

  /** Resolves when it is ready; rejects with what it wrote when it ends instead. */
  static async start(command: string, folder: string, ...args: string[]): Promise<ServedCommand> {
    const child = spawn(command, ['--data-dir', 'data', '--port', '0', '--admin-port', '0', ...args], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    ServedCommand.#running.add(child);
    child.once('exit', () => ServedCommand.#running.delete(child));
    let written = '';
    child.stderr.on('data', (chunk: Buffer) => {
      written += chunk.toString();
    });
    let printed = '';
    for await (const chunk of child.stdout) {
      printed += String(chunk);
      if (printed.includes('connect')) return new ServedCommand(child, printed);
    }
    throw new Error(`elanus ended: ${written}`);
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    return (await exited)[0] as number | null;
  }

  static killAll(): void {
    for (const child of ServedCommand.#running) child.kill('SIGKILL');
  }
}
