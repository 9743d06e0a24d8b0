import { TERM_KEY } from '../../core/coordinator/keys.ts';
import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaOperation, MetaStore } from '../../core/ports/metaStore.ts';
import type { ObjectStore } from '../../core/ports/objectStore.ts';
import type { Wal } from '../../core/ports/wal.ts';
import { SEGMENTS_PREFIX } from '../../core/segment/segmentFiles.ts';
import { ownerOf } from '../../core/streaming/ownership.ts';

/** Stands in the place of the coordinator's term until all is there: a server refuses to start on it, a migration goes on. */
const UNFINISHED = new TextEncoder().encode('a migration into this catalogue has not ended');
const ROOT = 'elanus/';
/** Room for keys and guards below the bounds of the port. */
const TXN_KEYS_MAX = 90;
const TXN_BYTES_MAX = 900_000;

/** Error: AlreadyExists when there are data that no unfinished migration left. True when one did. */
export async function refuseUsedTarget(meta: MetaStore, objectStore: ObjectStore): Promise<boolean> {
  const term = await meta.get(TERM_KEY);
  if (term !== undefined && sameBytes(term.value, UNFINISHED)) return true;
  if (term !== undefined || (await meta.range(ROOT, { limit: 1 })).length > 0)
    throw new ElanusError('AlreadyExists', 'meta of the target holds a catalogue already');
  if ((await objectStore.list(SEGMENTS_PREFIX, { limit: 1 })).length > 0)
    throw new ElanusError('AlreadyExists', 'objectStore of the target holds segments already');
  if ((await ownerOf(objectStore)) !== undefined)
    throw new ElanusError('AlreadyExists', 'objectStore of the target belongs to a cluster already');
  return false;
}

/**
 * The terms that channels need before a writer of the target opens them: `terms`, or what an earlier use of its logs left.
 * Error: AlreadyExists when a log has records, which would be taken for the migrated data's.
 */
export async function targetTerms(
  wal: Wal,
  pchannels: readonly string[],
  terms: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, number>> {
  const needed = new Map(terms);
  for (const pchannel of pchannels) {
    const { first, term } = await wal.info(pchannel);
    if (first !== undefined) {
      const context = { channel: pchannel };
      throw new ElanusError('AlreadyExists', 'wal of the target holds records already', { context });
    }
    if (term > (needed.get(pchannel) ?? 0)) needed.set(pchannel, term);
  }
  return needed;
}

/**
 * Marks the target as unfinished and takes out what an earlier try wrote. Resolves with the mark's revision.
 * Errors: those of refuseUsedTarget; Conflict when somebody else begins to use it.
 */
export async function beginTarget(meta: MetaStore, objectStore: ObjectStore): Promise<bigint> {
  // Before the look at the rest: whoever makes a catalogue there meanwhile changes it.
  const revision = (await meta.get(TERM_KEY))?.revision ?? 0n;
  await refuseUsedTarget(meta, objectStore);
  const marked = await meta.txn(
    [{ key: TERM_KEY, revision }],
    [{ op: 'put', key: TERM_KEY, value: UNFINISHED }],
  );
  if (!marked.succeeded) throw changedUnderneath();
  for (;;) {
    const old = (await meta.range(ROOT)).filter(({ key }) => key !== TERM_KEY);
    if (old.length === 0) return marked.revision;
    await write(
      meta,
      old.map(({ key }) => ({ op: 'delete', key })),
    );
  }
}

export function writeEntries(meta: MetaStore, entries: ReadonlyMap<string, Uint8Array>): Promise<void> {
  return write(
    meta,
    [...entries].map(([key, value]) => ({ op: 'put', key, value })),
  );
}

/** Every entry but the mark, as it is there. */
export async function readEntries(meta: MetaStore): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = new Map<string, Uint8Array>();
  for (let afterKey: string | undefined; ; ) {
    const page = await meta.range(ROOT, afterKey === undefined ? {} : { afterKey });
    if (page.length === 0) return entries;
    for (const { key, value } of page) if (key !== TERM_KEY) entries.set(key, value);
    afterKey = page.at(-1)!.key;
  }
}

/** The last write: puts the coordinator's term where the mark was. */
export async function finishTarget(meta: MetaStore, revision: bigint, term: Uint8Array): Promise<void> {
  const done = await meta.txn([{ key: TERM_KEY, revision }], [{ op: 'put', key: TERM_KEY, value: term }]);
  if (!done.succeeded) throw changedUnderneath();
}

/** In transactions within the bounds of the port. Only this process writes, so a part may be there without the rest. */
async function write(meta: MetaStore, operations: readonly MetaOperation[]): Promise<void> {
  let batch: MetaOperation[] = [];
  let bytes = 0;
  for (const operation of operations) {
    const size = operation.key.length + (operation.op === 'put' ? operation.value.length : 0);
    if (batch.length === TXN_KEYS_MAX || (batch.length > 0 && bytes + size > TXN_BYTES_MAX)) {
      await meta.txn([], batch);
      batch = [];
      bytes = 0;
    }
    batch.push(operation);
    bytes += size;
  }
  if (batch.length > 0) await meta.txn([], batch);
}

function changedUnderneath(): ElanusError {
  return new ElanusError('Conflict', 'somebody else writes to the catalogue of the target');
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
