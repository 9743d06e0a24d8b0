import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Judge } from './data/exact.ts';
import type { Packages } from './data/packages.ts';
import type { Bench, Served } from './figures/figure.ts';
import { makeReady } from './figures/ready.ts';
import { connect } from './figures/start.ts';
import { Running, type System } from './peers/system.ts';
import type { Control } from './wire/control.ts';

const SCRATCH = fileURLToPath(new URL('../.bench/', import.meta.url));

/** One system while it is measured: its folders and the server that stays between figures. */
export class Session implements Bench {
  readonly system: System;
  readonly data: Packages;
  readonly judge: Judge;
  readonly rounds: number;
  readonly quick: boolean;
  readonly scratch: string;
  #loaded: Served | undefined;

  constructor(system: System, data: Packages, judge: Judge, quick: boolean) {
    this.system = system;
    this.data = data;
    this.judge = judge;
    this.quick = quick;
    this.rounds = quick ? 1 : 5;
    mkdirSync(SCRATCH, { recursive: true });
    this.scratch = mkdtempSync(join(SCRATCH, 'run-'));
  }

  async withFresh<Result>(use: (served: Served) => Promise<Result>): Promise<Result> {
    const folder = mkdtempSync(join(this.scratch, 'fresh-'));
    const server = await Running.start(this.system, folder);
    try {
      const control = await connect(server);
      const result = await use({ server, control });
      control.close();
      return result;
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async loaded(): Promise<Served> {
    if (this.#loaded !== undefined) return this.#loaded;
    const server = await Running.start(this.system, join(this.scratch, 'loaded'));
    try {
      const served = { server, control: await connect(server) };
      await makeReady(this, served);
      this.#loaded = served;
      return served;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async restartLoaded(): Promise<Running> {
    const { server, control } = await this.loaded();
    control.close();
    await server.kill();
    const started = await Running.start(this.system, server.dataDir);
    this.#loaded = { server: started, control };
    return started;
  }

  reconnected(control: Control): void {
    this.#loaded = { server: this.#loaded!.server, control };
  }

  async end(): Promise<void> {
    if (this.#loaded !== undefined) {
      this.#loaded.control.close();
      await this.#loaded.server.stop();
    }
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
