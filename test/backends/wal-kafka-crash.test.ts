import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { walConformance } from '../../conformance/storage/wal/kit.ts';
import { hexOf, idsOf, kindOf, makeRecord, positionOf, take } from '../../conformance/storage/wal/records.ts';
import type { Wal, WalWriter } from '../../src/core/ports/wal.ts';
import { withServer } from './backend.ts';
import { kafkaFactory, type Options, openWal, optionsFor } from './wal-kafka/subject.ts';

// A broker takes some seconds to start again.
vi.setConfig({ testTimeout: 300_000 });

const CALL_TIMEOUT_MS = 700;

withServer('kafka', (server) => {
  const kit = walConformance(kafkaFactory(server, { canCrash: true }), { seeds: 1 });
  registerCases(
    'Wal: kafka, killed',
    kit.filter(({ name }) => /^(crash|model)/.test(name)),
  );

  let topicPrefix: string;
  let opened: Wal[];

  beforeEach(async () => {
    topicPrefix = `t${randomUUID()}-`;
    opened = [];
  });

  afterEach(async () => {
    await Promise.all(opened.map((wal) => wal.close()));
  });

  async function open(more: Options = {}): Promise<Wal> {
    const wal = await openWal(optionsFor(server().port, { topicPrefix, ...more }));
    opened.push(wal);
    return wal;
  }

  /** The ids of those acknowledged, and the kinds of the errors of the others. */
  function fates(writer: WalWriter, ids: readonly number[]): Promise<(number | string)[]> {
    return Promise.all(
      ids.map((id) => writer.append(makeRecord(id, 500 * (id % 20) + 4)).then(() => id, kindOf)),
    );
  }

  function range(first: number, last: number): number[] {
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  }

  test('a writer, a tail and reads go on over a broker that was killed and started again', async () => {
    const wal = await open();
    const writer = await wal.open('a', 1);
    const over = new AbortController();
    const tail = wal.tail('a', undefined, over.signal)[Symbol.asyncIterator]();
    const seen = take(tail, 300);
    expect(await fates(writer, range(1, 100))).toEqual(range(1, 100));
    const during = fates(writer, range(101, 200));
    await server().kill();
    const dead = fates(writer, range(201, 250));
    await server().start();
    expect(await during).toEqual(range(101, 200));
    expect(await dead).toEqual(range(201, 250));
    expect(await fates(writer, range(251, 300))).toEqual(range(251, 300));
    expect((await seen).map(({ id }) => id)).toEqual(range(1, 300));
    expect(await idsOf(await open(), 'a')).toEqual(range(1, 300));
    over.abort();
    await tail.return?.();
  });

  test('what was truncated stays so when the broker is killed right after', async () => {
    const wal = await open();
    const writer = await wal.open('a', 3);
    const positions: string[] = [];
    for (const id of range(1, 40)) positions.push(hexOf(await writer.append(makeRecord(id, 300))));
    await wal.truncate('a', positionOf(positions[9]!));
    const other = await open();
    await other.truncate('a', positionOf(positions[19]!));
    // The end of the log is all that remains of both.
    expect(await fates(writer, range(41, 60))).toEqual(range(41, 60));
    await server().kill();
    await server().start();
    for (const reader of [wal, other, await open()]) {
      expect(await idsOf(reader, 'a')).toEqual(range(21, 60));
      expect(hexOf((await reader.info('a')).first!)).toBe(positions[20]);
      await expect(idsOf(reader, 'a', positions[9])).rejects.toMatchObject({ kind: 'Truncated' });
    }
    await wal.truncate('a', (await wal.info('a')).last!);
    await server().kill();
    await server().start();
    expect(await other.info('a')).toEqual({ first: undefined, last: undefined, term: 3, retainedBytes: 0 });
    await expect(other.open('a', 3)).rejects.toMatchObject({ kind: 'Fenced' });
    await (await other.open('a', 4)).append(makeRecord(61, 10));
    expect(await idsOf(wal, 'a')).toEqual([61]);
  });

  test('a broker that stays away: every call ends in time, and appends in flight are Unknown', async () => {
    const timeouts = { callTimeoutMs: CALL_TIMEOUT_MS, appendTimeoutMs: 2 * CALL_TIMEOUT_MS };
    const wal = await open({ ...timeouts, requestTimeoutMs: 300 });
    const writer = await wal.open('a', 1);
    const position = await writer.append(makeRecord(1, 100));
    const inFlight = fates(writer, range(2, 30));
    await server().kill();
    const begunMs = performance.now();
    const unavailable = { kind: 'Unavailable' };
    await Promise.all([
      expect(idsOf(wal, 'a')).rejects.toMatchObject(unavailable),
      expect(wal.info('a')).rejects.toMatchObject(unavailable),
      expect(wal.truncate('a', position)).rejects.toMatchObject(unavailable),
      expect(wal.open('a', 2)).rejects.toMatchObject(unavailable),
      expect(open(timeouts)).rejects.toMatchObject(unavailable),
    ]);
    const outcomes = await inFlight;
    expect(performance.now() - begunMs).toBeLessThan(20 * CALL_TIMEOUT_MS);
    const acknowledged = outcomes.filter((outcome) => typeof outcome === 'number');
    expect(outcomes.slice(acknowledged.length)).toContain('Unknown');
    await expect(writer.append(makeRecord(31, 10))).rejects.toMatchObject({ kind: 'Closed' });

    await server().start();
    const next = await wal.open('a', 2);
    await next.append(makeRecord(32, 10));
    const ids = await idsOf(wal, 'a');
    expect(ids).toEqual([...range(1, ids.length - 1), 32]);
    expect(ids.length - 2).toBeGreaterThanOrEqual(acknowledged.length);
  });
});
