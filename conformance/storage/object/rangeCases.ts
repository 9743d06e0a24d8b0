import assert from 'node:assert/strict';
import { fails, patternBytes, sameBytes } from '../checks.ts';
import type { StoreCase } from './subject.ts';

const BYTES = 10_000;

export const RANGE_CASES: readonly StoreCase[] = [
  [
    'getRange: first, middle, last bytes, all of it and none → exactly those',
    async (store) => {
      const content = patternBytes(BYTES, 3);
      await store.put('a', content);
      for (const [offset, length] of [
        [0, 1],
        [0, BYTES],
        [1, 4_096],
        [4_095, 4_098],
        [BYTES - 1, 1],
        [5_000, 0],
      ] as const) {
        const into = new Uint8Array(length);
        await store.getRange('a', offset, length, into);
        sameBytes(into, content.subarray(offset, offset + length), `range ${offset}+${length}`);
      }
    },
  ],
  [
    'getRange: into the middle of shared memory → written there and nowhere else',
    async (store) => {
      const content = patternBytes(BYTES, 4);
      await store.put('a', content);
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
      const all = new Uint8Array(memory.buffer).fill(9);
      await store.getRange('a', 100, 5_000, new Uint8Array(memory.buffer, 640, 8_000));
      sameBytes(all.slice(640, 5_640), content.subarray(100, 5_100), 'range');
      assert.ok(
        all.subarray(0, 640).every((byte) => byte === 9) && all.subarray(5_640).every((byte) => byte === 9),
      );
    },
  ],
  [
    'getRange: beyond the end → Invalid',
    async (store) => {
      await store.put('a', patternBytes(BYTES, 5));
      const into = new Uint8Array(BYTES * 2);
      for (const [offset, length] of [
        [0, BYTES + 1],
        [BYTES - 1, 2],
        [BYTES, 1],
        [BYTES * 5, 10],
      ] as const) {
        await fails('Invalid', () => store.getRange('a', offset, length, into));
      }
    },
  ],
  [
    'getRange: negative, broken, or larger than its target → Invalid',
    async (store) => {
      await store.put('a', patternBytes(BYTES, 6));
      const into = new Uint8Array(10);
      for (const [offset, length] of [
        [-1, 5],
        [0, -5],
        [0.5, 5],
        [0, Number.NaN],
        [0, 11],
      ] as const) {
        await fails('Invalid', () => store.getRange('a', offset, length, into));
      }
    },
  ],
  [
    'getRange: 64 at once → each its own bytes',
    async (store) => {
      const content = patternBytes(64 * 100, 7);
      await store.put('a', content);
      await Promise.all(
        Array.from({ length: 64 }, async (_, i) => {
          const into = new Uint8Array(100);
          await store.getRange('a', i * 100, 100, into);
          sameBytes(into, content.subarray(i * 100, i * 100 + 100), `range ${i}`);
        }),
      );
    },
  ],
];
