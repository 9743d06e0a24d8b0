import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { SERVERS_FOLDER, type ServerDefinition } from './definition.ts';
import { whyNotRunnable } from './stamp.ts';
import { Warden } from './warden.ts';

/** Holds a folder for each server that lives, `<name>-of-<pid of the process that started it>-…`. */
export const DATA_FOLDER = `${SERVERS_FOLDER}data`;
const READY_MS_MAX = 120_000;
const READY_STEP_MS = 25;
const STOP_MS_MAX = 60_000;
const LOG_CHARS_SHOWN = 3000;

/** A real server that listens on the loopback, over a folder of its own. It and its data vanish with this process. */
export interface BackendServer {
  readonly name: string;
  readonly version: string;
  /** Where clients connect, on 127.0.0.1. The same after every `start`. */
  readonly port: number;
  /** Pulsar's web port. */
  readonly adminPort?: number;
  /** SIGTERM, and waits until it has ended; keeps the data. Nothing when it does not run. */
  stop(): Promise<void>;
  /** SIGKILL, and waits until it has ended; keeps the data. Nothing when it does not run. */
  kill(): Promise<void>;
  /** Again, same ports and data; resolves when it is ready. Rejects, with the end of its log, when it ends instead. */
  start(): Promise<void>;
  /** Kills it and removes the data. */
  dispose(): Promise<void>;
}

/**
 * One more port for clients that come through a proxy: the server listens on `port`, where the proxy has to send them, and
 * names `proxyPort` to them as its own. For servers that tell clients where to connect.
 */
export interface ProxiedPort {
  readonly port: number;
  readonly proxyPort: number;
}

/** How to run a server. `folder` is its own and empty at first. */
export interface Launch {
  readonly port: number;
  readonly adminPort?: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Resolves to true when clients can work. */
  isReady(): Promise<boolean>;
}

/** Runs what `plan` says over a new folder. Rejects when `server` is not installed, or ends before it is ready. */
export async function startServer(
  server: ServerDefinition,
  plan: (folder: string) => Promise<Launch>,
): Promise<BackendServer> {
  const { name, version } = server;
  const why = whyNotRunnable(server);
  if (why !== undefined) throw new Error(why);
  mkdirSync(DATA_FOLDER, { recursive: true });
  const folder = mkdtempSync(`${DATA_FOLDER}/${name}-of-${process.pid}-`);
  const warden = new Warden(folder);
  try {
    const launch = await plan(folder);
    const process_ = new ServerProcess(name, folder, launch, warden);
    await process_.start();
    return {
      name,
      version,
      port: launch.port,
      ...(launch.adminPort !== undefined && { adminPort: launch.adminPort }),
      stop: () => process_.end('SIGTERM'),
      kill: () => process_.end('SIGKILL'),
      start: () => process_.start(),
      dispose: () => warden.dismiss(),
    };
  } catch (error) {
    await warden.dismiss();
    throw error;
  }
}

class ServerProcess {
  readonly #name: string;
  readonly #folder: string;
  readonly #launch: Launch;
  readonly #warden: Warden;
  #child: ChildProcess | undefined;

  constructor(name: string, folder: string, launch: Launch, warden: Warden) {
    this.#name = name;
    this.#folder = folder;
    this.#launch = launch;
    this.#warden = warden;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.#name} runs already`);
    const child = await this.#spawn();
    const endMs = performance.now() + READY_MS_MAX;
    while (!(await this.#launch.isReady())) {
      if (this.#child !== child) throw new Error(`${this.#name} ended at its start: ${this.#logTail()}`);
      if (performance.now() > endMs) {
        await this.end('SIGKILL');
        throw new Error(`${this.#name} was not ready within ${READY_MS_MAX} ms: ${this.#logTail()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, READY_STEP_MS));
    }
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    const [, by] = await ended;
    clearTimeout(late);
    if (by === 'SIGKILL' && signal === 'SIGTERM')
      throw new Error(`${this.#name} did not stop within ${STOP_MS_MAX} ms: ${this.#logTail()}`);
  }

  async #spawn(): Promise<ChildProcess> {
    const { command, args, env } = this.#launch;
    const log = openSync(this.#log, 'a');
    const child = spawn(command, args, {
      cwd: this.#folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await once(child, 'spawn');
    this.#warden.watch(child.pid!);
    this.#child = child;
    child.once('exit', () => {
      this.#child = undefined;
      this.#warden.watch(undefined);
    });
    return child;
  }

  get #log(): string {
    return `${this.#folder}/server.log`;
  }

  #logTail(): string {
    return readFileSync(this.#log, 'utf8').slice(-LOG_CHARS_SHOWN);
  }
}
