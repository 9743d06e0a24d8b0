import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../../dist/elanus.js', import.meta.url));

export interface ServerOptions {
  /** Kept between starts; default: a temporary folder that `remove` deletes. */
  readonly dataDir?: string;
  /** Settings by their environment names, such as ELANUS_LOAD_ON_FIRST_USE. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One Elanus as a user starts it: a child process with a data folder of its own, on free ports of the loopback. */
export class ElanusServer {
  readonly dataDir: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #ownsDataDir: boolean;
  #child: ChildProcess | undefined;
  #address = '';
  /** What the process wrote, for messages about a failure. */
  output = '';

  constructor(options: ServerOptions = {}) {
    this.#ownsDataDir = options.dataDir === undefined;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'elanus-'));
    this.#env = options.env ?? {};
  }

  /** host:port of the running process. */
  get address(): string {
    return this.#address;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process and resolves when it listens. */
  async start(args: readonly string[] = []): Promise<void> {
    const child = spawn(
      process.execPath,
      [ENTRY, '--data-dir', this.dataDir, '--port', '0', '--admin-port', '0', ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.#env } },
    );
    this.#child = child;
    child.stderr.on('data', (chunk) => {
      this.output += String(chunk);
    });
    const lines = createInterface({ input: child.stdout });
    const listening = new Promise<string>((resolve, reject) => {
      lines.on('line', (line) => {
        this.output += `${line}\n`;
        const match = /listens on (\S+)/.exec(line);
        if (match !== null) resolve(match[1]!);
      });
      child.once('exit', (code) => reject(new Error(`elanus ended with code ${code}:\n${this.output}`)));
    });
    this.#address = await listening;
  }

  /** SIGTERM, and waits for the end; resolves with the exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** SIGKILL: nothing is written any more. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops the process and deletes a data folder that this object made. */
  async remove(): Promise<void> {
    await this.#end('SIGKILL');
    if (this.#ownsDataDir) rmSync(this.dataDir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    return (await ended)[0] as number | null;
  }
}
