import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QUERY_PARAMS, RANK_PARAMS, SEARCH_PARAMS } from '../../../src/core/access/paramNames.ts';
import { INDEX_FLAGS, SCALAR_PARAMS, VECTOR_PARAMS } from '../../../src/core/coordinator/buildParamNames.ts';
import { COLLECTION_PROPERTIES, DATABASE_PROPERTIES } from '../../../src/core/coordinator/propertyRules.ts';
import { METRICS } from '../../../src/core/domain/metric.ts';
import { PROBES } from './probes/index.ts';
import { FACTS, fieldsOf, RPCS } from './protocol.ts';
import { BUILT, BY_NAME, named, ROWS, requestFields, rowOfField, rpcsBehind } from './rows.ts';
import { SAMPLES } from './samples.ts';
import { fieldSetter, setterOf } from './setters.ts';
import { fillShelf } from './shelf.ts';
import type { Row } from './table.ts';
import { expectNoEffect, expectRefusal } from './verdicts.ts';
import { World } from './world.ts';

const KINDS = [...new Set(ROWS.map(({ kind }) => kind))];

/** Messages that lie in requests, under the names they have in the table. */
const NESTED: Readonly<Record<string, string>> = {
  'HybridSearch.requests[]': 'milvus.SearchRequest',
  CollectionSchema: 'schema.CollectionSchema',
  FieldSchema: 'schema.FieldSchema',
  ValueField: 'schema.ValueField',
  FieldData: 'schema.FieldData',
  FieldPartialUpdateOp: 'schema.FieldPartialUpdateOp',
  PlaceholderGroup: 'common.PlaceholderGroup',
  PlaceholderValue: 'common.PlaceholderValue',
  IDs: 'schema.IDs',
  TemplateValue: 'schema.TemplateValue',
  TemplateArrayValue: 'schema.TemplateArrayValue',
  FlushAllTarget: 'milvus.FlushAllTarget',
};
const ENUMS: Readonly<Record<string, string>> = {
  'data type': 'schema.DataType',
  'function type': 'schema.FunctionType',
  'placeholder type': 'common.PlaceholderType',
  'consistency level': 'common.ConsistencyLevel',
};
const world = new World();

beforeAll(async () => {
  await world.start();
  await fillShelf(world);
});
afterAll(() => world.stop());

describe('the table is complete', () => {
  test('it has rows, and each can be read', () => {
    expect(ROWS.length).toBeGreaterThan(600);
    expect(BUILT.length).toBeGreaterThan(50);
  });

  test('every RPC, and no other', () => {
    const listed = ROWS.filter(({ kind }) => kind === 'rpc').map(({ what }) => what);
    expect(listed.toSorted()).toEqual([...RPCS.keys()].toSorted());
  });

  test('every field of every built RPC, and no other', () => {
    const fields = BUILT.flatMap((rpc) => Object.keys(requestFields(rpc)).map((field) => `${rpc}.${field}`));
    const nested = Object.entries(NESTED).flatMap(([name, message]) =>
      Object.keys(fieldsOf(message)).map((field) => `${name}.${field}`),
    );
    expect(fields.length).toBeGreaterThan(200);
    expect([...fields, ...nested].filter((field) => rowOfField(field) === undefined)).toEqual([]);
    const known = new Set([...fields, ...nested, ...fields.map((field) => `*.${field.split('.')[1]}`)]);
    const listed = ROWS.filter(({ kind }) => kind === 'field').map(({ what }) => what);
    expect(listed.filter((field) => !known.has(field))).toEqual([]);
  });

  test.each(Object.entries(ENUMS))('every %s', (kind, name) => {
    expect(named(kind)).toEqual(Object.keys(FACTS.enums[name]!).toSorted());
  });

  test.each([
    ['search param', SEARCH_PARAMS],
    ['query param', QUERY_PARAMS],
    ['rank param', RANK_PARAMS],
    ['index param', VECTOR_PARAMS],
    ['scalar index param', [...SCALAR_PARAMS].filter((name) => name !== 'metric_type')],
    ['collection property', COLLECTION_PROPERTIES],
    ['database property', DATABASE_PROPERTIES],
    ['index property', INDEX_FLAGS],
    ['metric', METRICS],
  ])('every %s that the server takes', (kind, taken) => {
    const isTaken = ({ treatment, what }: Row) => treatment !== 'refused' && !what.startsWith('warmup');
    expect(named(kind, isTaken)).toEqual([...taken].toSorted());
  });

  test('every honoured row has a probe, and every probe a row', () => {
    const honoured = [...BY_NAME].filter(([, { treatment }]) => treatment === 'honoured');
    expect(honoured.map(([name]) => name).toSorted()).toEqual(Object.keys(PROBES.honoured!).toSorted());
    for (const [treatment, probes] of Object.entries(PROBES)) {
      const others = Object.keys(probes).filter((name) => BY_NAME.get(name)?.treatment !== treatment);
      expect(others, `probes of rows that are not ${treatment}`).toEqual([]);
    }
  });
});

describe.each(KINDS)('%s', (kind) => {
  test.each(ROWS.filter((row) => row.kind === kind).map((row) => [row.what, row.treatment, row] as const))(
    '%s: %s',
    (_what, _treatment, row) => check(row),
  );
});

async function check(row: Row): Promise<void> {
  if (row.kind === 'rpc') return checkRpc(row);
  const probe = PROBES[row.treatment]?.[`${row.kind} ${row.what}`];
  if (probe !== undefined) {
    await probe(world);
    return;
  }
  const setters = row.what.startsWith('*.')
    ? rpcsBehind(row.what.slice(2)).map((rpc) => fieldSetter(`${rpc}.${row.what.slice(2)}`))
    : [setterOf(row)];
  expect(setters.length).toBeGreaterThan(0);
  for (const setter of setters) {
    if (row.treatment === 'honoured' || setter === undefined)
      throw new Error(`${row.kind} ${row.what} has no probe`);
    const pair = await setter(world);
    if (row.treatment === 'refused') await expectRefusal(world, row, pair);
    else await expectNoEffect(world, pair);
  }
}

async function checkRpc({ what, treatment }: Row): Promise<void> {
  if (treatment === 'UNIMPLEMENTED') {
    expect(await world.call(what)).toMatchObject({ grpcCode: 12 });
    return;
  }
  await world.ok(what, await SAMPLES[what]!(world));
}
