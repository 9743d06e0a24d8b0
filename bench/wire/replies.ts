import { BinaryReader } from '@bufbuild/protobuf/wire';
import * as milvus from '../../src/gen/milvus/milvus.ts';
import * as schema from '../../src/gen/milvus/schema.ts';

/** The ids of a search with one query vector, best first. */
export function foundIds(reply: Uint8Array): number[] {
  const { results } = milvus.SearchResults.decode(reply);
  if (results === undefined || results.ids.length === 0) return [];
  return longs(schema.IDs.decode(results.ids).intId?.data);
}

/** The answer to `count(*)`. */
export function countOf(reply: Uint8Array): number {
  const field = milvus.QueryResults.decode(reply).fieldsData[0];
  if (field === undefined) throw new Error('the reply to count(*) has no column');
  return longs(schema.FieldData.decode(field).scalars?.longData?.data)[0] ?? Number.NaN;
}

export function longs(packed: Uint8Array | undefined): number[] {
  const values: number[] = [];
  if (packed === undefined) return values;
  const reader = new BinaryReader(packed);
  while (reader.pos < reader.len) values.push(Number(reader.int64()));
  return values;
}
