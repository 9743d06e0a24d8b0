import type { EncodedCall } from '../load/connection.ts';
import { runLoad } from '../load/runLoad.ts';
import { foundIds } from '../wire/replies.ts';
import { insert, search } from '../wire/requests.ts';
import { EF, type Figure, median, PACKAGES, TOP_K } from './figure.ts';

const COUNT = 200;
/** Ids behind those of the set and of other figures. */
const FIRST_ID = 10_000_000;

/** Inserts a row that no other is like, and searches for it at once on the same connection. */
export const strong: Figure = {
  name: 'strong',
  withPeers: true,
  run: async (bench) => {
    const { server } = await bench.loaded();
    const { dim, rows } = bench.data;
    const count = bench.quick ? COUNT / 4 : COUNT;
    const calls: EncodedCall[] = [];
    for (let i = 0; i < count; i++) {
      const vector = unlike(i, dim);
      calls.push(insert(PACKAGES, { ids: [FIRST_ID + i], ranks: [rows + i], vectors: vector, dim }));
      calls.push(search(PACKAGES, vector, { limit: TOP_K, ef: EF, strong: true }));
    }
    const { latenciesMs, replies } = await runLoad({
      address: server.address,
      calls,
      connections: 1,
      inFlight: 1,
      count: calls.length,
      keepReplies: true,
    });
    const searchesMs = [...latenciesMs].filter((_, i) => i % 2 === 1);
    const misses = replies.filter(
      (reply, i) => i % 2 === 1 && foundIds(reply!)[0] !== FIRST_ID + (i - 1) / 2,
    );
    return [
      { key: 'strongMisses', value: misses.length, detail: `of ${count}` },
      { key: 'strong', value: median(searchesMs), detail: `${count} searches` },
    ];
  },
};

/** A vector of few large values: far from every sentence, and from the others of its kind. */
function unlike(number: number, dim: number): Float32Array {
  const vector = new Float32Array(dim);
  vector[number % dim] = 1;
  vector[(number * 7 + 1) % dim]! += 0.5;
  vector[(number * 13 + 5) % dim]! -= 0.25;
  return vector;
}
