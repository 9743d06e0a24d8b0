import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { IndexType } from '../wire/requests.ts';
import { processTree } from './processTree.ts';

/** How one of the compared servers is started. */
export interface StartCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A server that speaks the protocol, and what is known of it. */
export interface System {
  readonly name: string;
  /** Whether Elanus is measured, for which the goals stand. */
  readonly isElanus: boolean;
  /** HNSW where there is one; a system without answers by an exact scan. */
  readonly indexType: IndexType;
  /** How it is told to stop. */
  readonly stopSignal: NodeJS.Signals;
  /** undefined when it can be started, else why not. Installs what is missing. */
  prepare(): Promise<string | undefined>;
  /** Free ports of the loopback come from `freePort`. */
  command(dataDir: string, port: number, freePort: () => Promise<number>): Promise<StartCommand>;
}

const STOP_TIMEOUT_MS = 60_000;
const LOG_FILE = 'server.log';
/** Ended with this process, however it ends. */
const running = new Set<Running>();
process.on('exit', () => {
  for (const server of running) for (const pid of server.pids()) sendSignal(pid, 'SIGKILL');
});

/** A started server in a process tree of its own. */
export class Running {
  readonly address: string;
  readonly dataDir: string;
  readonly #child: ChildProcess;
  readonly #stopSignal: NodeJS.Signals;
  readonly #logFile: string;
  /** When the process was started, in the time of `performance.now()`. */
  readonly startedMs: number;

  private constructor(child: ChildProcess, system: System, port: number, dataDir: string, startedMs: number) {
    this.dataDir = dataDir;
    this.#child = child;
    this.#stopSignal = system.stopSignal;
    this.address = `127.0.0.1:${port}`;
    this.#logFile = join(dataDir, LOG_FILE);
    this.startedMs = startedMs;
  }

  /** Starts the process and returns at once: it may not listen yet. */
  static async start(system: System, dataDir: string): Promise<Running> {
    mkdirSync(dataDir, { recursive: true });
    const port = await freePort();
    const { command, args, env } = await system.command(dataDir, port, freePort);
    const logFile = join(dataDir, LOG_FILE);
    const log = openSync(logFile, 'a');
    const startedMs = performance.now();
    const child = spawn(command, args, {
      cwd: dataDir,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await once(child, 'spawn');
    const server = new Running(child, system, port, dataDir, startedMs);
    running.add(server);
    return server;
  }

  pids(): number[] {
    return processTree(this.#child.pid!);
  }

  /** Throws with the end of the log when the process has ended. */
  checkAlive(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return;
    const log = readFileSync(this.#logFile, 'utf8').slice(-2_000);
    throw new Error(`the server ended with ${exitCode ?? signalCode}: ${log}`);
  }

  /** Asks it to stop, and ends what has not stopped after a minute, by pid. */
  async stop(): Promise<void> {
    await this.#end(this.#stopSignal);
  }

  /** SIGKILL for the process and all it started. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const pids = this.pids();
    if (signal === 'SIGKILL') for (const pid of pids) sendSignal(pid, signal);
    else this.#child.kill(signal);
    const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
    while (pids.some((pid) => isAlive(pid))) {
      await delay(5);
      const isRootGone = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (isRootGone || performance.now() > deadlineMs) for (const pid of pids) sendSignal(pid, 'SIGKILL');
    }
    running.delete(this);
  }
}

function isAlive(pid: number): boolean {
  return processTree(pid).includes(pid);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A port of the loopback that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}
