import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { BackendServer } from '../../../scripts/servers/running.ts';
import type { Combination } from './combinations.ts';

/** Configurations on the servers of a combination. */
export class Installation {
  readonly #combination: Combination;
  readonly #servers: () => readonly BackendServer[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'elanus-system-'));
  #places = 0;

  /** `servers` are those the combination names, in its order. */
  constructor(combination: Combination, servers: () => readonly BackendServer[]) {
    this.#combination = combination;
    this.#servers = servers;
  }

  get servers(): readonly BackendServer[] {
    return this.#servers();
  }

  /** A configuration file and a data folder over storage that is empty. */
  async place(): Promise<{ readonly config: string; readonly dataDir: string }> {
    const folder = join(this.#folder, String(++this.#places));
    const dataDir = join(folder, 'data');
    mkdirSync(folder);
    const tree: Record<string, unknown> = { dataDir };
    for (const [port, { server, choose }] of Object.entries(this.#combination.ports))
      tree[port] = await choose(this.servers.find(({ name }) => name === server));
    const config = join(folder, 'elanus.yaml');
    writeFileSync(config, stringify(tree));
    return { config, dataDir };
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
