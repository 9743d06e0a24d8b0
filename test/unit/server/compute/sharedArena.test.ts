import { describe, expect, test } from 'vitest';
import type { ArenaRef } from '../../../../src/core/ports/arena.ts';
import { SharedArena } from '../../../../src/server/compute/sharedArena.ts';

const MIB = 2 ** 20;

describe('SharedArena', () => {
  test('ranges are aligned, zeroed, apart from each other, and zeroed again when reused', () => {
    const arena = new SharedArena({ bytesMax: 64 * MIB });
    let state = 1;
    const random = (max: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * max);
    };
    const held = new Map<ArenaRef, number>();
    for (let step = 1; step < 3_000; step++) {
      if (held.size > 0 && random(2) === 0) {
        const [ref, mark] = [...held][random(held.size)]!;
        expect(arena.view(ref.arena, ref.offset, ref.bytes).every((byte) => byte === mark)).toBe(true);
        arena.free(ref);
        held.delete(ref);
        continue;
      }
      const ref = arena.allocate(1 + random(20_000));
      const view = arena.view(ref.arena, ref.offset, ref.bytes);
      expect(ref.offset % 64).toBe(0);
      expect(ref.offset).toBeGreaterThan(0);
      expect(view.every((byte) => byte === 0)).toBe(true);
      view.fill((step % 255) + 1);
      held.set(ref, (step % 255) + 1);
    }
    const sum = [...held.keys()].reduce((bytes, ref) => bytes + ref.bytes, 0);
    expect(arena.stats().allocatedBytes).toBe(sum);
  });

  test('freed neighbours are merged: the whole can be allocated again', () => {
    const arena = new SharedArena({ bytesMax: 8 * MIB, arenaBytesMax: 8 * MIB });
    const refs = Array.from({ length: 7 }, () => arena.allocate(MIB, arenaNumber(arena)));
    for (const i of [3, 1, 5, 0, 6, 2, 4]) arena.free(refs[i]!);
    expect(arena.allocate(7 * MIB, 0).bytes).toBe(7 * MIB);
  });

  test('200 loads and releases of 10 MiB stay within one reservation', () => {
    const arena = new SharedArena({ bytesMax: 200 * MIB });
    let reserved = 0;
    for (let round = 0; round < 200; round++) {
      const refs = Array.from({ length: 10 }, () => arena.allocate(MIB));
      for (const ref of refs) arena.free(ref);
      if (round === 0) reserved = arena.stats().reservedBytes;
    }
    expect(arena.stats()).toEqual({ arenas: 1, allocatedBytes: 0, reservedBytes: reserved });
  });

  test('beyond the limit → Exhausted with the limit, and what was freed can be had again', () => {
    const arena = new SharedArena({ bytesMax: 4 * MIB });
    const ref = arena.allocate(3 * MIB);
    expect(() => arena.allocate(2 * MIB)).toThrow(
      expect.objectContaining({
        kind: 'Exhausted',
        context: expect.objectContaining({ limitBytes: 4 * MIB }),
      }),
    );
    arena.free(ref);
    expect(arena.allocate(4 * MIB - 64).bytes).toBe(4 * MIB - 64);
  });

  test('a full arena → a new one, unless the arena was asked for', () => {
    const arena = new SharedArena({ bytesMax: 64 * MIB, arenaBytesMax: 4 * MIB, roomBytes: MIB });
    const first = arena.allocate(3 * MIB);
    expect(first.arena).toBe(0);
    expect(arena.allocate(3 * MIB).arena).toBe(1);
    expect(() => arena.allocate(3 * MIB, 0)).toThrow(expect.objectContaining({ kind: 'Exhausted' }));
    expect(() => arena.allocate(5 * MIB)).toThrow(expect.objectContaining({ kind: 'Exhausted' }));
  });

  test('whoever listens is told of every arena and every growth, until it does not want to be', () => {
    const arena = new SharedArena({ bytesMax: 64 * MIB });
    const told: string[] = [];
    const stop = arena.listen({
      added: (number) => told.push(`added ${number}`),
      grown: (number, bytes) => told.push(`grown ${number} ${bytes === arena.buffer(number).byteLength}`),
    });
    arena.allocate(1);
    arena.allocate(20 * MIB);
    expect(told.slice(0, 1)).toEqual(['added 0']);
    expect(new Set(told.slice(1))).toEqual(new Set(['grown 0 true']));
    const count = told.length;
    stop();
    arena.allocate(20 * MIB);
    expect(told).toHaveLength(count);
  });

  test('a range beyond 2 GiB can be written and read', () => {
    const arena = new SharedArena({ bytesMax: 4 * 2 ** 30 });
    arena.allocate(3 * 2 ** 30);
    const ref = arena.allocate(64, 0);
    expect(ref.offset).toBeGreaterThan(3 * 2 ** 30);
    arena.view(0, ref.offset, 64).fill(9);
    expect(new Uint8Array(arena.buffer(0), ref.offset, 64)[63]).toBe(9);
  });

  test('freeing twice is a bug that is told', () => {
    const arena = new SharedArena({ bytesMax: MIB });
    const ref = arena.allocate(100);
    arena.free(ref);
    expect(() => arena.free(ref)).toThrow(expect.objectContaining({ kind: 'Internal' }));
  });
});

function arenaNumber(arena: SharedArena): number | undefined {
  return arena.stats().arenas === 0 ? undefined : 0;
}
