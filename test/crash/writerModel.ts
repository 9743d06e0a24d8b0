import { hashKeys, SHARD_SEED } from '../../src/core/access/keyHash.ts';
import { DataType } from '../../src/core/domain/dataTypes.ts';
import { keyOf } from './rows.ts';

/** The version of each slot that has a row. */
export type Versions = ReadonlyMap<number, number>;

/** What one request does: slots that get a version, and slots that lose theirs. */
export interface Change {
  readonly name: string;
  readonly sets: Versions;
  readonly deletes: ReadonlySet<number>;
}

/** What must be in one collection of one writer. One request at a time may be in flight. */
export class WriterModel {
  readonly writer: number;
  readonly #shards: number;
  #versions: Versions = new Map();
  #inFlight: Change | undefined;

  constructor(writer: number, shards: number) {
    this.writer = writer;
    this.#shards = shards;
  }

  get versions(): Versions {
    return this.#versions;
  }

  get hasUnknown(): boolean {
    return this.#inFlight !== undefined;
  }

  send(change: Change): void {
    this.#inFlight = change;
  }

  acknowledge(): void {
    this.#versions = applied(this.#versions, this.#inFlight!, () => true);
    this.#inFlight = undefined;
  }

  /** The request was refused: nothing of it may have happened. */
  refuse(): void {
    this.#inFlight = undefined;
  }

  /**
   * Compares with what is there and adopts it. A request whose reply never came happened in each shard wholly or not at all.
   * Returns what is wrong, a line each.
   */
  settle(actual: Versions): string[] {
    const change = this.#inFlight;
    this.#inFlight = undefined;
    let expected = this.#versions;
    for (let shard = 0; change !== undefined && shard < this.#shards; shard++) {
      const isHere = (slot: number) => this.#shardOf(slot) === shard;
      const after = applied(expected, change, isHere);
      if (differences(only(after, isHere), only(actual, isHere)).length === 0) expected = after;
    }
    const wrong = differences(expected, actual);
    this.#versions = new Map(actual);
    const about = change === undefined ? '' : ` (in flight: ${change.name}, ${size(change)} keys)`;
    return wrong.map((line) => `writer ${this.writer}${about}: ${line}`);
  }

  #shardOf(slot: number): number {
    if (this.#shards === 1) return 0;
    const values = BigInt64Array.of(BigInt(keyOf(this.writer, slot)));
    const column = { kind: 'fixed', dataType: DataType.Int64, rows: 1, values, validity: undefined } as const;
    return hashKeys(column, SHARD_SEED)[0]! % this.#shards;
  }
}

function size({ sets, deletes }: Change): number {
  return sets.size + deletes.size;
}

function applied(before: Versions, change: Change, counts: (slot: number) => boolean): Versions {
  const after = new Map(before);
  for (const slot of change.deletes) if (counts(slot)) after.delete(slot);
  for (const [slot, version] of change.sets) if (counts(slot)) after.set(slot, version);
  return after;
}

function only(versions: Versions, counts: (slot: number) => boolean): Versions {
  return new Map([...versions].filter(([slot]) => counts(slot)));
}

/** Slots that are lost, stale or should not be there. */
export function differences(expected: Versions, actual: Versions): string[] {
  const wrong: string[] = [];
  for (const [slot, version] of expected) {
    const found = actual.get(slot);
    if (found === undefined) wrong.push(`slot ${slot} version ${version} is lost`);
    else if (found !== version) wrong.push(`slot ${slot} has version ${found}, not ${version}`);
  }
  for (const [slot, version] of actual) {
    if (!expected.has(slot)) wrong.push(`slot ${slot} version ${version} should not be there`);
  }
  return wrong;
}
