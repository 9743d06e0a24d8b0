import type { Wal } from '../../../src/core/ports/wal.ts';
import type { Extent } from '../extent.ts';
import { type Row, rowsOf } from '../row.ts';
import type { StorageSubject } from '../subject.ts';
import { compareAppends } from './appends.ts';
import { fileLog } from './file.ts';
import { kafkaLog } from './kafka.ts';
import { objectLogs } from './objects.ts';
import { pulsarNativeLog, pulsarWebSocketLog } from './pulsar.ts';
import { recoveryRows } from './recovery.ts';
import type { WalPlace, WalServer } from './walPlace.ts';

/** One row. */
const SMALL_BYTES = 300;
/** A batch of 1,000 rows of 384 dimensions. */
const LARGE_BYTES = 1_000 * 384 * 4;
const CHANNELS = [1, 16] as const;
/** Of a channel, as writers of a shard do. */
const LARGE_IN_FLIGHT = 4;

const WAL_SERVERS: readonly WalServer[] = [
  fileLog,
  ...objectLogs,
  kafkaLog,
  pulsarNativeLog,
  pulsarWebSocketLog,
];

export const walSubjects: readonly StorageSubject[] = WAL_SERVERS.map((server) => ({
  name: server.name,
  bareName: server.bareName,
  whyNot: () => server.whyNot(),
  async measure(folder, extent) {
    const place = await server.open(folder);
    try {
      const appended = await appendRows(server, place, extent);
      const recovered = await recoveryRows(place, extent.tailBytes, LARGE_BYTES, LARGE_IN_FLIGHT);
      return [...appended, ...recovered];
    } finally {
      await place.close();
    }
  },
}));

async function appendRows(server: WalServer, place: WalPlace, extent: Extent): Promise<readonly Row[]> {
  const { wal, close } = await place.openWal();
  try {
    const rows: Row[] = [];
    for (const channels of CHANNELS) rows.push(...(await smallRows(server, place, wal, channels, extent)));
    for (const channels of CHANNELS) rows.push(...(await largeRows(server, place, wal, channels, extent)));
    return rows;
  } finally {
    await close();
  }
}

async function smallRows(
  { p50FactorMax, putsOverHttp }: WalServer,
  place: WalPlace,
  wal: Wal,
  channels: number,
  { rounds, smallSliceMs: sliceMs }: Extent,
): Promise<readonly Row[]> {
  const id = `small-${channels}`;
  const sizes = { recordBytes: SMALL_BYTES, inFlight: 1, rounds, sliceMs };
  const result = await compareAppends(place, wal, { id, channels, ...sizes });
  const what = `${SMALL_BYTES} B, ${channelText(channels)}, 1 in flight`;
  const isLowLoad = channels === 1;
  const rows = rowsOf(what, result, {
    rate: 'calls/s',
    ...(isLowLoad && p50FactorMax !== undefined && { p50FactorMax }),
  });
  if (!isLowLoad || putsOverHttp === undefined) return rows;
  const adapter = result.putsPerAppend;
  const goal = { text: '1', isMet: adapter === 1 };
  return [...rows, { what: `${what}: PUTs for each append`, unit: 'PUTs', adapter, goal }];
}

async function largeRows(
  { rateMin }: WalServer,
  place: WalPlace,
  wal: Wal,
  channels: number,
  { rounds, largeSliceMs: sliceMs }: Extent,
): Promise<readonly Row[]> {
  const id = `large-${channels}`;
  const sizes = { recordBytes: LARGE_BYTES, inFlight: LARGE_IN_FLIGHT, rounds, sliceMs };
  const result = await compareAppends(place, wal, { id, channels, ...sizes });
  const what = `1.5 MB, ${channelText(channels)}, ${LARGE_IN_FLIGHT} in flight each`;
  const rows = rowsOf(what, result, { rate: 'MB/s' });
  if (rateMin === undefined || channels === 1) return rows;
  const adapter = result.adapter.megabytesPerSecond;
  const goal = { text: `≥ ${rateMin}`, isMet: adapter >= rateMin };
  return [...rows, { what: `${what}: rate`, unit: 'MB/s', adapter, goal }];
}

function channelText(channels: number): string {
  return channels === 1 ? '1 channel' : `${channels} channels`;
}
