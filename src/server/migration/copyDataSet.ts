import { pchannelNames } from '../../core/coordinator/shards.ts';
import { ElanusError } from '../../core/domain/errors.ts';
import { checksumOf, compareObjects, copyObjects, mib, objectsOf } from './objects.ts';
import { channelEntry, readSourceCatalog, readTerm } from './sourceCatalog.ts';
import type { Say, Stores } from './stores.ts';
import { beginTarget, finishTarget, readEntries, targetTerms, writeEntries } from './targetCatalog.ts';

/**
 * Copies objects and catalogue of a flushed source into an empty target, compares all of it, and makes it usable with the last
 * write. The logs of the target stay empty. What fails can be done again.
 * Errors: Conflict (the source is not flushed, or somebody uses one of the two), AlreadyExists, Corrupt, those of the stores.
 */
export async function copyDataSet(from: Stores, to: Stores, channels: number, say: Say): Promise<void> {
  const source = await readSourceCatalog(from.meta, from.wal);
  const pchannels = new Set([...pchannelNames(channels), ...source.channelTerms.keys()]);
  const terms = await targetTerms(to.wal, [...pchannels], source.channelTerms);
  const entries = new Map([...source.entries, ...[...terms].map((one) => channelEntry(...one))]);
  const revision = await beginTarget(to.meta, to.objectStore);

  const objects = objectsOf(source.segments);
  const checksums = await copyObjects(from.objectStore, to.objectStore, objects, say);
  say(`copying ${entries.size} catalogue entries`);
  await writeEntries(to.meta, entries);

  say('comparing');
  await compareObjects(to.objectStore, checksums, say);
  const written = await readEntries(to.meta);
  const catalogChecksum = checksumOf(sorted(entries));
  if (checksumOf(sorted(written)) !== catalogChecksum) {
    const context = { entries: entries.size, found: written.size };
    throw new ElanusError('Corrupt', 'the catalogue of the target differs from what was written', {
      context,
    });
  }
  if ((await readTerm(from.meta))?.revision !== source.term.revision)
    throw new ElanusError('Conflict', 'a server has opened the source meanwhile; stop it and migrate again');
  await finishTarget(to.meta, revision, source.term.value);

  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  say(`objects    ${checksums.size}, ${mib(bytes)}, sha256 ${checksumOf(checksums)}: the same`);
  say(`catalogue  ${entries.size} entries, sha256 ${catalogChecksum}: the same`);
  say(`rows       ${rowsText(source.segments)}`);
}

function sorted(entries: ReadonlyMap<string, Uint8Array>): (readonly [string, Uint8Array])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

function rowsText(segments: readonly { readonly rows: number; readonly markedRows: number }[]): string {
  const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
  const marked = segments.reduce((sum, segment) => sum + segment.markedRows, 0);
  return `${rows - marked}, and ${marked} deleted or replaced ones that are still kept`;
}
