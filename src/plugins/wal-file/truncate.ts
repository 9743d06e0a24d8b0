import { ElanusError } from '../../core/domain/errors.ts';
import type { WalPosition } from '../../core/ports/wal.ts';
import { isCut } from './chain.ts';
import type { Channel } from './channel.ts';
import { isKind, walFileError } from './errors.ts';
import { lastPosition } from './info.ts';
import { syncDirectory } from './logFiles.ts';
import {
  comparePlaces,
  cutName,
  cutOfName,
  decodePosition,
  logName,
  type Place,
  parseListing,
} from './names.ts';
import { takeSnapshot } from './reader.ts';
import { retryVanished } from './vanished.ts';

/** Records the truncation point durably, then removes the files that lie wholly below it. */
export async function truncateChannel(
  channel: Channel,
  upTo: WalPosition,
  bufferBytes: number,
): Promise<void> {
  const place = decodePosition(upTo);
  const { cut } = parseListing(channel.fs.listNames(channel.directory));
  if (cut === undefined || comparePlaces(place, cut) > 0) {
    await requireWritten(channel, place, bufferBytes);
    await createMark(channel, place);
    channel.notify();
  }
  if (await removeBelow(channel)) await syncDirectory(channel.fs, channel.directory);
}

/** A point above the last record would swallow records to come. */
async function requireWritten(channel: Channel, place: Place, bufferBytes: number): Promise<void> {
  const last = await retryVanished(channel.directory, async () =>
    lastPosition(channel, await takeSnapshot(channel), bufferBytes),
  );
  if (last === undefined || comparePlaces(place, decodePosition(last)) > 0) {
    const { term, index, offset } = place;
    throw new ElanusError('Invalid', `cannot truncate channel ${channel.name} above its last record`, {
      subject: 'parameter',
      context: { term, file: index, offset },
    });
  }
}

async function createMark(channel: Channel, place: Place): Promise<void> {
  const path = `${channel.directory}/${cutName(place)}`;
  try {
    const mark = await channel.fs.create(path);
    await mark.close();
  } catch (caught) {
    const error = walFileError(caught, 'creating', path);
    if (!isKind(error, 'AlreadyExists')) throw error;
  }
  await syncDirectory(channel.fs, channel.directory);
}

/** True when something was removed. Another instance may remove the same. */
async function removeBelow(channel: Channel): Promise<boolean> {
  const names = channel.fs.listNames(channel.directory);
  const { terms, cut } = parseListing(names);
  if (cut === undefined) return false;
  const dead: string[] = [];
  for (const name of names) {
    const point = cutOfName(name);
    if (point !== undefined && comparePlaces(point, cut) < 0) dead.push(name);
  }
  for (const [term, indices] of terms) {
    for (const index of indices) if (isCut(cut, { term, index })) dead.push(logName(term, index));
  }
  for (const name of dead) {
    try {
      await channel.fs.remove(`${channel.directory}/${name}`);
    } catch (caught) {
      const error = walFileError(caught, 'removing', name);
      if (!isKind(error, 'NotFound')) throw error;
    }
  }
  return dead.length > 0;
}
