import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededNumbers } from '../../../conformance/storage/checks.ts';
import type { ConformanceCase } from '../../../conformance/storage/conformanceCase.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { openStore } from '../fsSubject.ts';
import type { Mutant } from '../mutants.ts';
import { pluginDeps } from '../pluginDeps.ts';

type Disk = typeof import('./powerLossDisk.ts');
type OpenFsObjectStore = typeof import('../../../src/plugins/object-fs/fsObjectStore.ts').openFsObjectStore;

/** A copy of object-fs on a disk that forgets what was not synced. */
export const ON_POWER_LOSS_DISK = {
  files: { 'powerLossDisk.ts': new URL('./powerLossDisk.ts', import.meta.url) },
  imports: { 'node:fs/promises': './powerLossDisk.ts', 'node:fs': './powerLossDisk.ts' },
} as const;

const SEEDS = 2;
/** Of each writer. */
const CALLS = 12;
/** One folder of two writers, folders in folders, and one that comes and goes. */
const KEYS = [['a/one'], ['a/two'], ['b/c/d/one', 'b/c/e'], ['f/one', 'f/two']];

interface KeyState {
  /** As acknowledged last; undefined: no object. */
  bytes: Uint8Array | undefined;
  version: string | undefined;
  /** What a call without an answer may have made of it. */
  perhaps: { readonly bytes: Uint8Array | undefined } | undefined;
}

/** The end at any step of a load of puts, replacements and deletions: what was acknowledged is there, whole. */
export function powerLossCases(mutant: Mutant): ConformanceCase[] {
  return Array.from({ length: SEEDS }, (_, seed) => ({
    name: `crash: power lost between any two steps of puts and deletions, seed ${seed}`,
    async run() {
      const disk = (await mutant.load('powerLossDisk.ts')) as Disk;
      const { openFsObjectStore } = (await mutant.load('fsObjectStore.ts')) as {
        openFsObjectStore: OpenFsObjectStore;
      };
      const steps = await lifeUntil(Number.POSITIVE_INFINITY, disk, openFsObjectStore, seed);
      assert.ok(steps > CALLS * KEYS.length, 'the load took steps');
      for (let last = 1; last < steps; last += 1 + (last % 5))
        await lifeUntil(last, disk, openFsObjectStore, seed);
    },
  }));
}

/** One life of `stepsMax` steps, and the look afterwards. Resolves with the steps that were made. */
async function lifeUntil(
  stepsMax: number,
  disk: Disk,
  openFsObjectStore: OpenFsObjectStore,
  seed: number,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'elanus-power-'));
  const root = join(folder, 'objects');
  await mkdir(root);
  await mkdir(join(folder, 'kept'));
  try {
    disk.begin(join(folder, 'kept'));
    const store = await openFsObjectStore({ path: root }, pluginDeps);
    const openSteps = disk.stepsDone();
    disk.stopAfter(openSteps + stepsMax);
    const states = new Map<string, KeyState>();
    await Promise.all(KEYS.map((keys, writer) => write(store, keys, seed * KEYS.length + writer, states)));
    const steps = disk.stepsDone() - openSteps;
    await store.close();
    disk.lose(root);
    await check(root, states, stepsMax);
    return steps;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Calls one after another, until one fails. */
async function write(
  store: ObjectStore,
  keys: readonly string[],
  seed: number,
  states: Map<string, KeyState>,
): Promise<void> {
  const random = seededNumbers(seed);
  for (const key of keys) states.set(key, { bytes: undefined, version: undefined, perhaps: undefined });
  for (let call = 0; call < CALLS; call++) {
    const key = keys[Math.floor(random() * keys.length)]!;
    const state = states.get(key)!;
    const isDeletion = state.version !== undefined && random() < 0.3;
    const bytes = isDeletion ? undefined : Buffer.alloc(1 + Math.floor(random() * 5_000), call + 1);
    state.perhaps = { bytes };
    try {
      if (bytes === undefined) await store.delete(key);
      else if (state.version === undefined) state.version = await store.putIfAbsent(key, bytes);
      else if (random() < 0.5) state.version = await store.put(key, bytes);
      else state.version = await store.putIfMatch(key, bytes, state.version);
    } catch {
      // The power is off; the outcome of this call is open.
      return;
    }
    if (bytes === undefined) state.version = undefined;
    state.bytes = bytes;
    state.perhaps = undefined;
  }
}

async function check(root: string, states: ReadonlyMap<string, KeyState>, steps: number): Promise<void> {
  const store = await openStore(root);
  try {
    const listed = (await store.list('')).map(({ key }) => key);
    for (const [key, { bytes, version, perhaps }] of states) {
      const found = listed.includes(key) ? await store.get(key) : undefined;
      const isAsAcknowledged =
        (found === undefined) === (bytes === undefined) &&
        (found === undefined || (equal(found.content, bytes!) && found.version === version));
      const isAsPerhaps =
        perhaps !== undefined &&
        (found === undefined) === (perhaps.bytes === undefined) &&
        (found === undefined || equal(found.content, perhaps.bytes!));
      assert.ok(
        isAsAcknowledged || isAsPerhaps,
        `${key} after ${steps} steps: ${found?.bytes ?? 'no'} bytes, acknowledged were ${bytes?.length ?? 'no'}`,
      );
    }
  } finally {
    await store.close();
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
