import assert from 'node:assert/strict';
import type { Wal, WalEntry, WalPosition, WalReadOptions } from '../../../src/core/ports/wal.ts';
import { patternBytes } from '../checks.ts';

const ID_BYTES = 4;

/** A record of `bytes` ≥ 4 that names itself: its id, then a pattern made from it. */
export function makeRecord(id: number, bytes: number): Uint8Array {
  const record = patternBytes(Math.max(ID_BYTES, bytes), id);
  new DataView(record.buffer).setUint32(0, id);
  return record;
}

/** The id of a record, whose every byte must be as it was made. */
export function idOf(record: Uint8Array): number {
  assert.ok(record.length >= ID_BYTES, `a record of ${record.length} bytes is none of ours`);
  const id = new DataView(record.buffer, record.byteOffset).getUint32(0);
  assert.ok(
    Buffer.compare(record, makeRecord(id, record.length)) === 0,
    `record ${id} came back with other bytes`,
  );
  return id;
}

/** Positions as hex, whose order as text is the order of memcmp. */
export function hexOf(position: WalPosition): string {
  assert.ok(
    position.length >= 1 && position.length <= 64,
    `a position has 1 to 64 bytes, got ${position.length}`,
  );
  return Buffer.from(position).toString('hex');
}

export function positionOf(hex: string): WalPosition {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export interface SeenEntry {
  readonly position: string;
  readonly id: number;
  readonly term: number;
}

export function seen(entry: WalEntry): SeenEntry {
  return { position: hexOf(entry.position), id: idOf(entry.record), term: entry.term };
}

export async function readAll(
  wal: Wal,
  channel: string,
  from?: string,
  options: WalReadOptions = {},
): Promise<SeenEntry[]> {
  const entries: SeenEntry[] = [];
  for await (const entry of wal.read(channel, from === undefined ? undefined : positionOf(from), options)) {
    entries.push(seen(entry));
  }
  return entries;
}

export async function idsOf(
  wal: Wal,
  channel: string,
  from?: string,
  options?: WalReadOptions,
): Promise<number[]> {
  return (await readAll(wal, channel, from, options)).map((entry) => entry.id);
}

/** Takes `count` entries from an iteration. */
export async function take(entries: AsyncIterator<WalEntry>, count: number): Promise<SeenEntry[]> {
  const taken: SeenEntry[] = [];
  while (taken.length < count) {
    const step = await entries.next();
    assert.ok(step.done !== true, `the iteration ended after ${taken.length} of ${count} records`);
    taken.push(seen(step.value));
  }
  return taken;
}

export function kindOf(caught: unknown): string {
  if (typeof caught === 'object' && caught !== null && 'kind' in caught) return String(caught.kind);
  return `no ElanusError: ${String(caught)}`;
}
