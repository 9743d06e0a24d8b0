import type { Row } from '../row.ts';
import { StampedBytes } from '../stampedBytes.ts';
import { CheckedLog } from './checkedLog.ts';
import type { WalPlace } from './walPlace.ts';

const CHANNEL = 'recovery';

/** Writes a tail, then takes the channel over in a log that knows nothing of it and reads all. */
export async function recoveryRows(
  place: WalPlace,
  tailBytes: number,
  recordBytes: number,
  inFlight: number,
): Promise<readonly Row[]> {
  const payload = new StampedBytes(recordBytes);
  const log = await writeTail(place, payload, Math.ceil(tailBytes / recordBytes), inFlight);
  const beganMs = performance.now();
  const after = await place.openWal();
  try {
    const writer = await after.wal.open(CHANNEL, 2);
    const openedMs = performance.now();
    const bytes = await log.check(after.wal);
    const tookMs = performance.now() - beganMs;
    await writer.close();
    await log.discard(after.wal);
    const what = `recovery of ${tailBytes / 1e6} MB`;
    return [
      { what: `${what}: opening in a new term`, unit: 'ms', adapter: openedMs - beganMs },
      { what: `${what}: opening and reading all`, unit: 's', adapter: tookMs / 1000 },
      { what: `${what}: rate`, unit: 'MB/s', adapter: bytes / 1000 / tookMs },
    ];
  } finally {
    await after.close();
  }
}

async function writeTail(
  place: WalPlace,
  payload: StampedBytes,
  records: number,
  inFlight: number,
): Promise<CheckedLog> {
  const { wal, close } = await place.openWal();
  try {
    const log = new CheckedLog(await wal.open(CHANNEL, 1), 0, payload);
    let left = records;
    const worker = async (): Promise<void> => {
      const slot = payload.make();
      while (left-- > 0) await log.append(slot);
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    await log.closeWriter();
    return log;
  } finally {
    await close();
  }
}
