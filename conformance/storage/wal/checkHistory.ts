import assert from 'node:assert/strict';
import type { AppendEvent, History, ReadEvent } from './history.ts';

/**
 * Checks a history against I1 to I6 and I8 in time linear in its length (times the number of reads). The last read of
 * the history must be of the whole log after everything ended.
 */
export function checkHistory(history: History): void {
  const final = history.reads.at(-1);
  assert.ok(
    final !== undefined && final.from === undefined,
    'the last read of a history is of the whole log',
  );
  const known = knownPositions(history);
  for (const read of history.reads) {
    checkContiguous(history, read, known);
    checkComplete(history, read);
  }
  checkTerms(history);
  checkSeals(history, final);
  for (const writer of new Set(history.appends.map((append) => append.writer))) {
    checkWriter(history.appends.filter((append) => append.writer === writer));
  }
  checkOutcomes(history, final);
}

/** One record a position and one position a record, in all acknowledgements and reads (I1, I3, I6). In order. */
function knownPositions(history: History): string[] {
  const idOf = new Map<string, number>();
  const positionOf = new Map<number, string>();
  const note = (position: string, id: number): void => {
    const otherId = idOf.get(position);
    assert.ok(
      otherId === undefined || otherId === id,
      `position ${position} held records ${otherId} and ${id}`,
    );
    const otherPosition = positionOf.get(id);
    assert.ok(
      otherPosition === undefined || otherPosition === position,
      `record ${id} was at ${otherPosition} and at ${position}`,
    );
    idOf.set(position, id);
    positionOf.set(id, position);
  };
  for (const append of history.appends)
    if (append.outcome === 'acknowledged') note(append.position, append.id);
  for (const read of history.reads) for (const entry of read.entries) note(entry.position, entry.id);
  return [...idOf.keys()].sort();
}

/** Rising, and no record that is known ever is left out between `from`, or the truncation point, and the last (I2, I7). */
function checkContiguous(history: History, read: ReadEvent, known: readonly string[]): void {
  const first = read.entries[0];
  if (first === undefined) return;
  const indexOf = new Map(known.map((position, i) => [position, i]));
  let at = indexOf.get(first.position)!;
  const before = known[at - 1];
  if (before !== undefined) {
    const cut = history.cutAt(read.endedAt);
    const isBelowFrom =
      read.from !== undefined && (read.inclusive ? before < read.from : before <= read.from);
    assert.ok(
      isBelowFrom || before <= cut,
      `a read from ${read.from} left out ${before} before ${first.position}`,
    );
  }
  for (const entry of read.entries.slice(1)) {
    assert.equal(entry.position, known[++at], `a read left out ${known[at]} before ${entry.position}`);
  }
}

/**
 * A read has everything that was acknowledged, or read through the same Wal, before it began (I1, I3). Another Wal may
 * see a durable record a little before it is acknowledged.
 */
function checkComplete(history: History, read: ReadEvent): void {
  const last = read.entries.at(-1)?.position ?? '';
  const cut = history.cutAt(read.endedAt);
  const require = (position: string, why: string): void => {
    const isWanted = position > cut && (read.from === undefined || position > read.from);
    assert.ok(!isWanted || position <= last, `a read from ${read.from} to ${last} lacks ${position}, ${why}`);
  };
  for (const append of history.appends) {
    if (append.outcome === 'acknowledged' && append.endedAt < read.startedAt) {
      require(append.position, 'acknowledged before');
    }
  }
  for (const other of history.reads) {
    if (other.wal === read.wal && other.endedAt < read.startedAt) {
      for (const entry of other.entries) require(entry.position, 'read before');
    }
  }
}

function checkTerms(history: History): void {
  const termOf = new Map(history.appends.map((append) => [append.id, append.term]));
  for (const read of history.reads) {
    let term = 0;
    for (const entry of read.entries) {
      assert.equal(entry.term, termOf.get(entry.id), `record ${entry.id} came back with another term`);
      assert.ok(entry.term >= term, `a record of term ${entry.term} lies behind one of term ${term}`);
      term = entry.term;
    }
  }
}

/** What of the lower terms is there at the end was there in every read since a higher term opened (I4). */
function checkSeals(history: History, final: ReadEvent): void {
  for (const { term, endedAt } of history.opens) {
    const sealed = final.entries.filter((entry) => entry.term < term).at(-1)?.position;
    if (sealed === undefined) continue;
    for (const read of history.reads) {
      if (read.startedAt < endedAt || (read.from !== undefined && read.from >= sealed)) continue;
      const last = read.entries.at(-1)?.position ?? '';
      assert.ok(last >= sealed, `${sealed} of a term before ${term} appeared after that was open`);
    }
  }
}

/** Acknowledgements in call order, at rising positions, and none behind an append whose outcome is unknown (I5). */
function checkWriter(appends: readonly AppendEvent[]): void {
  let lost: AppendEvent | undefined;
  let before: AppendEvent | undefined;
  for (const append of appends) {
    assert.notEqual(append.outcome, 'pending', `the append of record ${append.id} never ended`);
    if (append.outcome === 'unknown') lost ??= append;
    if (append.outcome !== 'acknowledged') continue;
    assert.ok(
      lost === undefined,
      `record ${append.id} was acknowledged after ${lost?.id}, which was not (${lost?.kind})`,
    );
    if (before !== undefined) {
      assert.ok(append.position > before.position, `record ${append.id} lies before ${before.id}`);
      assert.ok(append.endedAt > before.endedAt, `record ${append.id} was acknowledged before ${before.id}`);
    }
    before = append;
  }
}

/** Acknowledged and read records are there, refused ones are not (I1, I3, I8, I12). */
function checkOutcomes(history: History, final: ReadEvent): void {
  const ids = new Set(final.entries.map((entry) => entry.id));
  const cut = history.cutAt(final.endedAt);
  for (const append of history.appends) {
    if (append.outcome === 'acknowledged' && append.position > cut) {
      assert.ok(ids.has(append.id), `record ${append.id} was acknowledged and is gone`);
    }
    if (append.outcome === 'refused') {
      assert.ok(!ids.has(append.id), `record ${append.id} was refused with ${append.kind} and is there`);
    }
  }
  for (const read of history.reads) {
    for (const { id, position } of read.entries) {
      assert.ok(position <= cut || ids.has(id), `record ${id} was read at ${position} and is gone`);
    }
  }
}
