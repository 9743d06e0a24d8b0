import { expect } from 'vitest';
import type { Pair } from './setters.ts';
import type { Row } from './table.ts';
import type { Answer, World } from './world.ts';

/** What differs between two calls of one kind: times, ids and the names that each gets. */
const VOLATILE =
  /timestamp|identifier|requesttime|ids?$|id$|ts$|sealtimes?|time$|channelnames?$|dmchannelname/i;
const NAMES = /case_\d+/g;

/** A reply without what differs from call to call. */
export function stable(reply: unknown): string {
  return JSON.stringify(reply, (key, value: unknown) => {
    if (VOLATILE.test(key)) return undefined;
    if (typeof value === 'bigint') return value.toString();
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  }).replaceAll(NAMES, 'case');
}

/** What a change left behind, where the reply does not show it. */
async function aftermath(world: World, rpc: string, request: object): Promise<string> {
  const { collectionName } = request as { collectionName?: string };
  const observe = OBSERVED[rpc];
  return observe === undefined ? '' : stable(await world.ok(observe, { collectionName }));
}

const OBSERVED: Readonly<Record<string, string>> = {
  CreateCollection: 'DescribeCollection',
  AddCollectionField: 'DescribeCollection',
  AlterCollection: 'DescribeCollection',
  AlterCollectionField: 'DescribeCollection',
  Insert: 'GetCollectionStatistics',
  Upsert: 'GetCollectionStatistics',
  Delete: 'GetCollectionStatistics',
  LoadCollection: 'GetLoadState',
  LoadPartitions: 'GetLoadState',
};

/** Both requests succeed with the same reply and the same consequences. */
export async function expectNoEffect(world: World, pair: Pair): Promise<void> {
  const without = await world.ok(pair.rpc, pair.without);
  const changed = await world.ok(pair.rpc, pair.with, pair.headers);
  expect(stable(changed)).toBe(stable(without));
  expect(await aftermath(world, pair.rpc, pair.with)).toBe(await aftermath(world, pair.rpc, pair.without));
}

/** The request with the thing fails with the row's code and names it; the other one is fine. */
export async function expectRefusal(world: World, row: Row, pair: Pair): Promise<void> {
  await world.ok(pair.rpc, pair.without);
  const answer = await world.call(pair.rpc, pair.with, pair.headers);
  expectRefused(answer, row.code, nameOf(row));
}

function nameOf({ kind, what }: Row): string {
  if (kind === 'function type') return 'functions';
  return kind === 'field' ? what.slice(what.lastIndexOf('.') + 1) : what;
}

export function expectRefused(answer: Answer, code: number, name: string): void {
  expect({ grpcCode: answer.grpcCode, code: answer.code, reason: answer.reason }).toEqual({
    grpcCode: 0,
    code,
    reason: expect.stringContaining(name),
  });
}
