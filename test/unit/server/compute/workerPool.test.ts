import { threadId } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { RowStore } from '../../../../conformance/storage/index/rowStore.ts';
import { buildKernels } from '../../../../scripts/buildKernels.ts';
import type { ArenaRef } from '../../../../src/core/ports/arena.ts';
import type { Compute, ComputeOptions } from '../../../../src/core/ports/compute.ts';
import { createInlineCompute } from '../../../../src/server/compute/inlineCompute.ts';
import { SharedArena } from '../../../../src/server/compute/sharedArena.ts';
import { createWorkerPool, type WorkerPoolOptions } from '../../../../src/server/compute/workerPool.ts';

await buildKernels(false);

const SEARCH: ComputeOptions = { priority: 'search', costMicros: 100_000 };
const BACKGROUND: ComputeOptions = { priority: 'background', costMicros: 1_000 };
const modules = { taskModules: [new URL('./poolTasks.ts', import.meta.url).href], indexes: [] };
const open: Compute[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((compute) => compute.close()));
});

async function pool(
  options: Partial<WorkerPoolOptions> = {},
): Promise<{ arena: SharedArena; compute: Compute }> {
  const arena = options.arena ?? new SharedArena({ bytesMax: 2 ** 30 });
  const compute = await createWorkerPool({ arena, modules, threads: 2, ...options });
  open.push(compute);
  return { arena, compute };
}

/** A gate in shared memory that tasks `wait` at. */
function gate(arena: SharedArena): { readonly at: ArenaRef; open(): void } {
  const at = arena.allocate(64);
  const flag = new Int32Array(arena.buffer(at.arena), at.offset, 1);
  return {
    at,
    open() {
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
    },
  };
}

describe('worker pool', () => {
  test('tasks run in other threads, as many as there are', async () => {
    const { arena, compute } = await pool();
    const block = gate(arena);
    const first = compute.run('wait', block.at, SEARCH);
    const second = compute.run<number>('where', undefined, SEARCH);
    expect(await second).not.toBe(threadId);
    block.open();
    expect(['ok', 'not-equal']).toContain(await first);
  });

  test('searches go before background tasks that came earlier', async () => {
    const { arena, compute } = await pool({ threads: 1 });
    const block = gate(arena);
    const blocked = compute.run('wait', block.at, SEARCH);
    const background = Array.from({ length: 3 }, () => compute.run<number>('order', undefined, BACKGROUND));
    const searches = Array.from({ length: 3 }, () => compute.run<number>('order', undefined, SEARCH));
    block.open();
    await blocked;
    expect(await Promise.all(searches)).toEqual([1, 2, 3]);
    expect(await Promise.all(background)).toEqual([4, 5, 6]);
  });

  test('background tasks get a share while searches keep coming', async () => {
    const { arena, compute } = await pool({ threads: 1 });
    const block = gate(arena);
    const blocked = compute.run('wait', block.at, SEARCH);
    const background = compute.run<number>('order', undefined, BACKGROUND);
    const searches = Array.from({ length: 500 }, () => compute.run<number>('order', undefined, SEARCH));
    block.open();
    await Promise.all([blocked, ...searches]);
    expect(await background).toBeLessThan(100);
  });

  test('a cheap search runs on the calling thread at once, a dear one and a second one of the turn do not', async () => {
    const { compute } = await pool({ inlineCostMicrosMax: 300, inlineTurnMicrosMax: 300 });
    const cheap: ComputeOptions = { priority: 'search', costMicros: 200 };
    const answers = await Promise.all([
      compute.run<number>('where', undefined, cheap),
      compute.run<number>('where', undefined, cheap),
      compute.run<number>('where', undefined, SEARCH),
      compute.run<number>('where', undefined, { ...cheap, priority: 'background' }),
    ]);
    expect(answers.map((thread) => thread === threadId)).toEqual([true, false, false, false]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await compute.run<number>('where', undefined, cheap)).toBe(threadId);
  });

  test('cheap searches that wait travel together, dear ones and background tasks alone, each with its own end', async () => {
    const { arena, compute } = await pool({ threads: 1, inlineCostMicrosMax: 0 });
    const cheap: ComputeOptions = { priority: 'search', costMicros: 100 };
    const block = gate(arena);
    const blocked = compute.run('wait', block.at, SEARCH);
    const failing = compute.run('fail', 'x', cheap);
    const unclonable = compute.run('echo', () => 1, cheap);
    const noResult = compute.run('unclonable', 0, cheap);
    const orders = [cheap, cheap, SEARCH, cheap, BACKGROUND, cheap].map((options) =>
      compute.run<number>('order', undefined, options),
    );
    const wrong = Promise.allSettled([failing, unclonable, noResult]);
    block.open();
    await blocked;
    const reasons = (await wrong).map((end) => end.status === 'rejected' && end.reason.kind);
    expect(reasons).toEqual(['NotFound', 'Internal', 'Internal']);
    expect(await Promise.all(orders)).toEqual([1, 2, 3, 4, 6, 5]);
  });

  test('a task in a message of many that ends its worker fails all of it, and nothing else', async () => {
    const { arena, compute } = await pool({ threads: 1, inlineCostMicrosMax: 0 });
    const cheap: ComputeOptions = { priority: 'search', costMicros: 100 };
    const block = gate(arena);
    const blocked = compute.run('wait', block.at, SEARCH);
    const together = ['order', 'exit', 'order'].map((name) => compute.run(name, undefined, cheap));
    const later = compute.run('order', undefined, SEARCH);
    block.open();
    await blocked;
    const ends = await Promise.allSettled(together);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await later).toBe(1);
    expect(await compute.run('echo', 7, cheap)).toBe(7);
  });

  test('tasks of one affinity run in one thread', async () => {
    const { compute } = await pool();
    const threads = async (affinity: number): Promise<Set<number>> => {
      const runs = Array.from({ length: 20 }, () =>
        compute.run<number>('where', undefined, { ...SEARCH, affinity }),
      );
      return new Set(await Promise.all(runs));
    };
    const [even, odd, again] = await Promise.all([threads(4), threads(7), threads(2)]);
    expect([even.size, odd.size]).toEqual([1, 1]);
    expect(even).toEqual(again);
    expect(even).not.toEqual(odd);
  });

  test('published values are known in every thread before any later task, also in threads that start later', async () => {
    const { compute } = await pool();
    compute.publish('a', { x: 1 });
    const both = () =>
      Promise.all([0, 1].map((affinity) => compute.run('published', 'a', { ...SEARCH, affinity })));
    expect(await both()).toEqual([{ x: 1 }, { x: 1 }]);
    compute.publish('a', { x: 2 });
    expect(await both()).toEqual([{ x: 2 }, { x: 2 }]);
    expect(compute.local.published('a')).toEqual({ x: 2 });
    compute.unpublish('a');
    expect(await both()).toEqual([undefined, undefined]);
  });

  test('memory that grew, and arenas made, after a worker started are seen by it', async () => {
    const arena = new SharedArena({ bytesMax: 2 ** 30, arenaBytesMax: 64 * 2 ** 20 });
    const { compute } = await pool({ arena });
    await compute.run('where', undefined, SEARCH);
    for (let i = 0; i < 4; i++) {
      const ref = arena.allocate(40 * 2 ** 20);
      arena.view(ref.arena, ref.offset + ref.bytes - 10, 10).fill(i + 1);
      const input = { arena: ref.arena, offset: ref.offset + ref.bytes - 20, bytes: 20 };
      for (const affinity of [0, 1])
        expect(await compute.run('sum', input, { ...SEARCH, affinity })).toBe(10 * (i + 1));
    }
    expect(arena.stats().arenas).toBe(4);
  });

  test('errors keep kind, subject and context; others become Internal with their message', async () => {
    const { compute } = await pool();
    await expect(compute.run('fail', 'x', SEARCH)).rejects.toMatchObject({
      name: 'ElanusError',
      kind: 'NotFound',
      subject: 'segment',
      context: { segment: 7 },
    });
    await expect(compute.run('fail', 'TypeError', SEARCH)).rejects.toMatchObject({
      kind: 'Internal',
      message: 'not an ElanusError',
    });
    await expect(compute.run('missing', 0, SEARCH)).rejects.toMatchObject({ kind: 'Internal' });
    await expect(compute.run('unclonable', 0, SEARCH)).rejects.toMatchObject({ kind: 'Internal' });
    await expect(compute.run('echo', () => 1, SEARCH)).rejects.toMatchObject({ kind: 'Internal' });
    expect(await compute.run('echo', { fine: true }, SEARCH)).toEqual({ fine: true });
  });

  test('a worker that ends fails its task only; the next one has a new thread that knows everything', async () => {
    const { compute } = await pool({ threads: 1 });
    compute.publish('key', 42);
    const before = await compute.run('where', undefined, SEARCH);
    const crash = compute.run('exit', undefined, SEARCH);
    const after = compute.run('where', undefined, SEARCH);
    await expect(crash).rejects.toMatchObject({ kind: 'Internal', context: { task: 'exit', code: 3 } });
    expect(await after).not.toBe(before);
    expect(await compute.run('published', 'key', SEARCH)).toBe(42);
  });

  test('a signal that fires before the task began → Timeout, and it never runs; later it changes nothing', async () => {
    const { arena, compute } = await pool({ threads: 1 });
    const block = gate(arena);
    const running = new AbortController();
    const waiting = new AbortController();
    const first = compute.run('wait', block.at, { ...SEARCH, signal: running.signal });
    const second = compute.run('order', undefined, { ...SEARCH, signal: waiting.signal });
    running.abort();
    waiting.abort();
    await expect(second).rejects.toMatchObject({ kind: 'Timeout' });
    await expect(
      compute.run('order', undefined, { ...SEARCH, signal: waiting.signal }),
    ).rejects.toMatchObject({
      kind: 'Timeout',
    });
    block.open();
    await first;
    expect(await compute.run('order', undefined, SEARCH)).toBe(1);
  });

  test('afterInFlight resolves when earlier tasks ended, not waiting for later ones', async () => {
    const { arena, compute } = await pool();
    const [one, two] = [gate(arena), gate(arena)];
    const events: string[] = [];
    const first = compute.run('wait', one.at, SEARCH).then(() => events.push('first'));
    const epoch = compute.afterInFlight().then(() => events.push('epoch'));
    const second = compute.run('wait', two.at, SEARCH).then(() => events.push('second'));
    await compute.local.published('nothing');
    one.open();
    await Promise.all([first, epoch]);
    two.open();
    await second;
    expect(events).toEqual(['first', 'epoch', 'second']);
    await compute.afterInFlight();
  });

  test('scratch: each thread has its own, announced or not', async () => {
    const { arena, compute } = await pool();
    arena.allocate(64);
    const runs = [];
    for (let i = 0; i < 40; i++) {
      const bytes = 1_000 * (i + 1);
      const announced = i % 2 === 0 ? {} : { scratch: { arena: 0, bytes: 2 * bytes + 64 } };
      runs.push(compute.run('scratch', { arena: 0, bytes, mark: i }, { ...SEARCH, ...announced }));
    }
    expect(new Set(await Promise.all(runs))).toEqual(new Set([true]));
    expect(
      await compute.run('scratch', { arena: 0, bytes: 10, mark: 1 }, { priority: 'search', costMicros: 1 }),
    ).toBe(true);
  });

  test('scratch that is replaced stays while messages that were sent before may use it', async () => {
    const { arena, compute } = await pool({ threads: 1, inlineCostMicrosMax: 0 });
    const cheap: ComputeOptions = { priority: 'search', costMicros: 100 };
    const runs = Array.from({ length: 32 }, (_, i) => {
      const bytes = i % 8 === 0 ? 10_000 * (i + 1) : 20_000;
      return compute.run('scratch', { arena: 0, bytes, mark: i }, cheap);
    });
    let ended = false;
    const all = Promise.all(runs).finally(() => {
      ended = true;
    });
    // A range that is given back too early is zeroed here.
    while (!ended) {
      const refs = Array.from({ length: 8 }, () => arena.allocate(65_536));
      for (const ref of refs) arena.free(ref);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(new Set(await all)).toEqual(new Set([true]));
  });

  test('scratch beyond the memory limit → Exhausted, and the worker goes on', async () => {
    const { arena, compute } = await pool({ arena: new SharedArena({ bytesMax: 2 ** 20 }) });
    arena.allocate(64);
    const input = { arena: 0, bytes: 2 ** 21, mark: 1 };
    await expect(compute.run('scratch', input, SEARCH)).rejects.toMatchObject({ kind: 'Exhausted' });
    expect(await compute.run('scratch', { ...input, bytes: 100 }, SEARCH)).toBe(true);
  });

  test('close drains, gives scratch back, and refuses what comes later', async () => {
    const { arena, compute } = await pool({ threads: 1 });
    const block = gate(arena);
    const before = arena.stats().allocatedBytes;
    const runs = [
      compute.run('wait', block.at, SEARCH),
      compute.run('scratch', { arena: 0, bytes: 9, mark: 1 }, SEARCH),
    ];
    const closed = compute.close();
    await expect(compute.run('where', undefined, SEARCH)).rejects.toMatchObject({ kind: 'Closed' });
    block.open();
    await Promise.all([...runs, closed]);
    expect(arena.stats().allocatedBytes).toBe(before);
  });
});

describe('inverse norms', () => {
  test('workers and the I/O thread write 1 / |row|, 0 for a zero row, also where the square leaves float32', async () => {
    const { arena, compute } = await pool();
    const rows = Float32Array.of(3, 4, 0, 0, 1e30, 0, 0, 1e-30, -2, 0);
    const expected = [0.2, 0, 1e-30, 1e30, 0.5];
    for (const inWorker of [true, false]) {
      const store = new RowStore(arena, { dim: 2, rowsMax: 5, chunkRowsLog2: 1 });
      store.append(rows);
      const { vectors } = store;
      if (inWorker) await compute.run('norms', vectors, SEARCH);
      else compute.local.writeInverseNorms(vectors, 0, 5);
      for (const [row, norm] of expected.entries()) {
        const at = vectors.chunkOffsets[row >> 1]! + 2 * vectors.strideBytes + (row & 1) * 4;
        const found = new Float32Array(arena.buffer(vectors.arena), at, 1)[0]!;
        expect(found).toBeCloseTo(norm, 6 - Math.round(Math.log10(norm || 1)));
      }
    }
  });
});

describe('inline compute', () => {
  test('runs on the calling thread with scratch, published values and typed errors', async () => {
    const arena = new SharedArena({ bytesMax: 2 ** 24 });
    const compute = await createInlineCompute(arena, modules);
    arena.allocate(64);
    compute.publish('a', 1);
    expect(await compute.run('where', undefined, SEARCH)).toBe(threadId);
    expect(await compute.run('published', 'a', SEARCH)).toBe(1);
    expect(await compute.run('scratch', { arena: 0, bytes: 100_000, mark: 3 }, BACKGROUND)).toBe(true);
    await expect(compute.run('fail', 'TypeError', SEARCH)).rejects.toMatchObject({ kind: 'Internal' });
    await compute.afterInFlight();
    await compute.close();
    await expect(compute.run('where', undefined, SEARCH)).rejects.toMatchObject({ kind: 'Closed' });
  });
});
