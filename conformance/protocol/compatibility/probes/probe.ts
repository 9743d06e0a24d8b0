import { expect } from 'vitest';
import { FieldData } from '../../../../src/gen/milvus/schema.ts';
import { SHELF } from '../shelf.ts';
import { expectRefused } from '../verdicts.ts';
import { keyValues, placeholders, readFloats, readIds, readLongs } from '../wireValues.ts';
import type { Reply, World } from '../world.ts';

/** Shows that one thing does what the table says. */
export type Probe = (world: World) => Promise<unknown>;

/** By kind and what: `field Search.nq`. */
export type Probes = Readonly<Record<string, Probe>>;

/** The call fails with this code and a text with `name` in it. */
export async function refused(
  world: World,
  rpc: string,
  request: object,
  code: number,
  name: string,
): Promise<void> {
  expectRefused(await world.call(rpc, request), code, name);
}

/** Keys of the rows of the shelf, or of another collection, that a filter lets through. */
export async function queried(world: World, expr: string, more: object = {}): Promise<number[]> {
  const reply = await world.ok('Query', { collectionName: SHELF, expr, outputFields: ['id'], ...more });
  return columnOf(reply.fieldsData, 'id').map(Number);
}

interface SearchOptions {
  readonly vectors?: readonly (readonly number[])[];
  readonly params?: Readonly<Record<string, unknown>>;
}

/** A search of the shelf for [3, 1] in field `vector`, 5 hits; `more` are fields of the request. */
export function searching(
  { vectors = [[3, 1]], params = {} }: SearchOptions = {},
  more: object = {},
): object {
  return {
    collectionName: SHELF,
    placeholderGroup: placeholders(vectors),
    searchParams: keyValues({ anns_field: 'vector', topk: 5, ...params }),
    ...more,
  };
}

export interface Hits {
  readonly ids: number[];
  readonly scores: number[];
  readonly reply: Reply;
}

export async function hitsOf(world: World, request: object, rpc = 'Search'): Promise<Hits> {
  const reply = await world.ok(rpc, request);
  const ids = readIds(reply.results.ids).map(Number);
  return { ids, scores: readFloats(reply.results.scores), reply };
}

/** Texts of an Int64 column of a reply. */
export function columnOf(fieldsData: readonly Uint8Array[], name: string): string[] {
  const field = fieldsData
    .map((bytes) => FieldData.decode(bytes))
    .find(({ fieldName }) => fieldName === name);
  expect(field, `column ${name}`).toBeDefined();
  return readLongs(field!.scalars?.longData?.data);
}

export function columnNames(fieldsData: readonly Uint8Array[]): string[] {
  return fieldsData.map((bytes) => FieldData.decode(bytes).fieldName).toSorted();
}

/** A description of a collection, its fields by name. */
export async function described(world: World, collectionName: string): Promise<Reply> {
  const reply = await world.ok('DescribeCollection', { collectionName });
  const fields = Object.fromEntries(
    reply.schema.fields.map((field: { name: string }) => [field.name, field]),
  );
  return { ...reply, fields };
}

export async function countOf(world: World, collectionName: string): Promise<number> {
  const { stats } = await world.ok('GetCollectionStatistics', { collectionName });
  return Number(stats[0].value);
}
