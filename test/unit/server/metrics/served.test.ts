import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ElanusServer } from '../../../../conformance/protocol/harness/elanusServer.ts';
import { build } from '../../../../scripts/build.ts';

const server = new ElanusServer();
let client: MilvusClient;

beforeAll(async () => {
  await build(false);
  await server.start();
  client = new MilvusClient({ address: server.address, logLevel: 'error' });
});

afterAll(async () => {
  await client.closeConnection();
  await server.remove();
});

/** Value by series, such as `elanus_rpcs_total{rpc="Search",status="0"}`. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const port = /http:\/\/127\.0\.0\.1:(\d+)\/healthz/.exec(server.output)?.[1];
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))] as const;
    }),
  );
}

test('metrics: calls by RPC and status, rows, log, segments and memory are counted as they happen', async () => {
  const before = await scrape();
  expect(before.get('elanus_collections')).toBe(0);
  expect(before.get('elanus_arena_allocated_bytes')).toBe(0);

  await client.createCollection({ collection_name: 'counted', dimension: 8, metric_type: 'L2' });
  const data = Array.from({ length: 50 }, (_, id) => ({ id, vector: Array.from({ length: 8 }, () => id) }));
  await client.insert({ collection_name: 'counted', data });
  await client.upsert({ collection_name: 'counted', data: data.slice(0, 10) });
  await client.delete({ collection_name: 'counted', filter: 'id >= 45' });
  for (let i = 0; i < 7; i++)
    await client.search({ collection_name: 'counted', data: data[i]!.vector, limit: 1 });
  const refused = await client.search({ collection_name: 'counted', data: [1, 2], limit: 1 });
  expect(refused.status.code).toBeGreaterThan(0);

  const after = await scrape();
  const increased = (series: string) => (after.get(series) ?? 0) - (before.get(series) ?? 0);
  expect(increased('elanus_rpcs_total{rpc="Search",status="0"}')).toBe(7);
  expect(increased(`elanus_rpcs_total{rpc="Search",status="${refused.status.code}"}`)).toBe(1);
  expect(increased('elanus_rpc_seconds_count{rpc="Search"}')).toBe(8);
  expect(increased('elanus_rpc_seconds_sum{rpc="Search"}')).toBeGreaterThan(0);
  expect(increased('elanus_rows_total{change="inserted"}')).toBe(50);
  expect(increased('elanus_rows_total{change="upserted"}')).toBe(10);
  expect(increased('elanus_rows_total{change="deleted"}')).toBe(5);
  expect(increased('elanus_wal_records_total')).toBeGreaterThanOrEqual(3);
  expect(increased('elanus_wal_bytes_total')).toBeGreaterThan(60 * 8 * 4);
  expect(after.get('elanus_collections')).toBe(1);
  expect(after.get('elanus_segments{state="growing"}')).toBe(1);
  expect(after.get('elanus_rows{state="growing"}')).toBe(45);
  expect(after.get('elanus_arena_allocated_bytes')).toBeGreaterThan(60 * 8 * 4);
  expect(after.get('elanus_arena_reserved_bytes')).toBeGreaterThanOrEqual(
    after.get('elanus_arena_allocated_bytes')!,
  );

  await client.flushSync({ collection_names: ['counted'] });
  // The rows are sealed when it answers; their objects are written behind it.
  let flushed = await scrape();
  const rows = (state: string) => flushed.get(`elanus_rows{state="${state}"}`)!;
  while (rows('flushed') === 0) {
    expect(rows('sealed')).toBe(45);
    flushed = await scrape();
  }
  expect(flushed.get('elanus_segments{state="growing"}')).toBe(0);
  expect(rows('flushed')).toBe(45);
});
