import { ConsistencyLevelEnum, type MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';
import { COLLECTIONS } from './collections.ts';
import { countRows, readAll } from './readBack.ts';
import { expectOk } from './replies.ts';
import { keyOf, vectorOf } from './rows.ts';
import type { Writer } from './writer.ts';
import type { Versions } from './writerModel.ts';

const SEARCHES = 10;

/** Compares every row with the models, every count with the rows, and searches some. Returns what is wrong, a line each. */
export async function verify(
  client: MilvusClient,
  writers: readonly Writer[],
  random: SeededRandom,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [which, { name }] of COLLECTIONS.entries()) {
    const { byWriter, count, problems } = await readAll(client, name);
    const lines = [...problems];
    for (const { models } of writers) {
      const model = models[which]!;
      lines.push(...model.settle(byWriter.get(model.writer) ?? new Map()));
    }
    const counted = await countRows(client, name);
    if (counted !== count) lines.push(`count(*) is ${counted}, a query returns ${count} rows`);
    const writer = random.integer(writers.length);
    const own = writers[writer]!.models[which]!.versions;
    const ownCounted = await countRows(client, name, `writer == ${writer}`);
    if (ownCounted !== own.size) lines.push(`count(*) of writer ${writer} is ${ownCounted}, not ${own.size}`);
    lines.push(...(await searchSome(client, name, writer, own, random)));
    wrong.push(...lines.map((line) => `${name}: ${line}`));
  }
  return wrong;
}

/** A row is its own nearest neighbour. */
async function searchSome(
  client: MilvusClient,
  collection: string,
  writer: number,
  versions: Versions,
  random: SeededRandom,
): Promise<string[]> {
  const slots = [...versions.keys()];
  if (slots.length === 0) return [];
  const wrong: string[] = [];
  const picked = Array.from({ length: SEARCHES }, () => slots[random.integer(slots.length)]!);
  const reply = await client.search({
    collection_name: collection,
    data: picked.map((slot) => vectorOf(keyOf(writer, slot), versions.get(slot)!)),
    limit: 3,
    params: { ef: 256 },
    output_fields: ['id', 'version'],
    consistency_level: ConsistencyLevelEnum.Strong,
  });
  const hits = expectOk(reply).results as unknown as readonly {
    id: string;
    version: string;
    score: number;
  }[][];
  for (const [i, slot] of picked.entries()) {
    const best = hits[i]?.[0];
    const found = best !== undefined && Number(best.id) === keyOf(writer, slot) && best.score === 0;
    if (!found || Number(best.version) !== versions.get(slot)) {
      wrong.push(`a search for writer ${writer} slot ${slot} finds ${JSON.stringify(best)}`);
    }
  }
  return wrong;
}
