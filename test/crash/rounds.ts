import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ElanusServer } from '../../conformance/protocol/harness/elanusServer.ts';
import type { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';
import { SMALL_BOUNDS, Workload } from './workload.ts';

const SETTINGS = { ...SMALL_BOUNDS, ELANUS_WAL_OPTIONS_SEGMENT_BYTES_MAX: '262144' };

export interface RoundsResult {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly wrong: readonly string[];
}

/** Eight writers, SIGKILL at a random moment, start on the same folder, compare everything; `rounds` times. */
export async function runRounds(seed: number, rounds: number): Promise<RoundsResult> {
  const workload = new Workload(seed);
  const { random } = workload;
  const server = new ElanusServer({ env: SETTINGS, dataDir: mkdtempSync(join(tmpdir(), 'elanus-crash-')) });
  const wrong: string[] = [];
  let done = 0;
  try {
    await server.start();
    await workload.createCollections(server);
    while (done < rounds && wrong.length === 0) {
      const killAfterMs = 200 + random.integer(2_000);
      wrong.push(...(await workload.writeUntilKilled(server, killAfterMs)));
      const interrupted = await startAgain(server, random);
      wrong.push(...(await workload.compare(server)));
      done++;
      const about = interrupted === 0 ? '' : `, ${interrupted} times killed while starting`;
      console.log(
        `round ${done}: killed after ${killAfterMs} ms${about}; ${workload.acknowledged} acknowledged so far`,
      );
    }
  } catch (error) {
    wrong.push(`round ${done + 1}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  await server.remove();
  if (wrong.length === 0) rmSync(server.dataDir, { recursive: true });
  else console.log(`output of the server, whose data are kept in ${server.dataDir}:\n${server.output}`);
  return { rounds: done, acknowledged: workload.acknowledged, unknown: workload.unknown, wrong };
}

/** Starts the server; sometimes it is killed while it starts, even twice. Returns how often. */
async function startAgain(server: ElanusServer, random: SeededRandom): Promise<number> {
  for (let kills = 0; ; kills++) {
    if (kills === 2 || random.next() < 0.7) {
      await server.start();
      return kills;
    }
    const started = server.start().then(
      () => undefined,
      (error: unknown) => error,
    );
    await sleep(random.integer(300));
    await server.kill();
    await started;
  }
}
