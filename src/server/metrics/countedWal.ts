import type { Wal, WalWriter } from '../../core/ports/wal.ts';
import type { MetricsRegistry } from './metricsRegistry.ts';

/** The log, with what is appended counted: records and bytes as they are handed over, before framing. */
export function countedWal(wal: Wal, metrics: MetricsRegistry): Wal {
  const addRecords = metrics.counterSeries('elanus_wal_records_total', 'Records appended to the log.', {});
  const addBytes = metrics.counterSeries('elanus_wal_bytes_total', 'Bytes appended to the log.', {});
  const counted = (writer: WalWriter): WalWriter => ({
    channel: writer.channel,
    term: writer.term,
    append: (record) => {
      addRecords(1);
      addBytes(record.length);
      return writer.append(record);
    },
    close: () => writer.close(),
  });
  return {
    recordBytesMax: wal.recordBytesMax,
    open: async (channel, term, signal) => counted(await wal.open(channel, term, signal)),
    read: (channel, from, options) => wal.read(channel, from, options),
    tail: (channel, from, signal) => wal.tail(channel, from, signal),
    truncate: (channel, upTo) => wal.truncate(channel, upTo),
    info: (channel) => wal.info(channel),
    close: () => wal.close(),
  };
}
