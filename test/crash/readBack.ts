import { ConsistencyLevelEnum, type MilvusClient } from '@zilliz/milvus2-sdk-node';
import { expectOk } from './replies.ts';
import { DIM, rowOf } from './rows.ts';
import type { Versions } from './writerModel.ts';

/** Rows as they came, by writer; `problems` names rows that are doubled or whose values do not belong together. */
export interface ReadRows {
  readonly byWriter: ReadonlyMap<number, Versions>;
  readonly count: number;
  readonly problems: readonly string[];
}

type AnyRow = Readonly<Record<string, unknown>>;

/** Every row of a collection by a query without a limit, every value checked. */
export async function readAll(
  client: MilvusClient,
  collection: string,
  filter = 'id >= 0',
): Promise<ReadRows> {
  const reply = await client.query({
    collection_name: collection,
    filter,
    output_fields: ['*'],
    consistency_level: ConsistencyLevelEnum.Strong,
  });
  const rows: readonly AnyRow[] = expectOk(reply).data;
  const byWriter = new Map<number, Map<number, number>>();
  const problems: string[] = [];
  for (const row of rows) {
    const writer = Number(row.writer);
    const slot = Number(row.slot);
    const version = Number(row.version);
    const versions = byWriter.get(writer) ?? new Map<number, number>();
    byWriter.set(writer, versions);
    if (versions.has(slot)) problems.push(`writer ${writer} slot ${slot} is there twice`);
    versions.set(slot, version);
    const damage = damageOf(row, writer, slot, version);
    if (damage !== undefined) problems.push(`writer ${writer} slot ${slot} version ${version}: ${damage}`);
  }
  return { byWriter, count: rows.length, problems };
}

export async function readWriter(client: MilvusClient, collection: string, writer: number) {
  const { byWriter, problems } = await readAll(client, collection, `writer == ${writer}`);
  return { versions: byWriter.get(writer) ?? (new Map() as Versions), problems };
}

export async function countRows(client: MilvusClient, collection: string, filter = ''): Promise<number> {
  const request = { collection_name: collection, expr: filter };
  return Number(expectOk(await client.count(request)).data);
}

function damageOf(row: AnyRow, writer: number, slot: number, version: number): string | undefined {
  const wanted = rowOf(writer, slot, version);
  const vector = row.vector as readonly number[];
  if (String(row.id) !== String(wanted.id)) return `its id is ${row.id}`;
  if (row.text !== wanted.text) return `its text is ${JSON.stringify(row.text)}`;
  const { extra } = row.$meta as { readonly extra?: unknown };
  if (extra !== wanted.extra) return `its undeclared value is ${JSON.stringify(extra)}`;
  for (let i = 0; i < DIM; i++)
    if (vector[i] !== wanted.vector[i]) return `number ${i} of its vector is ${vector[i]}`;
  return undefined;
}
