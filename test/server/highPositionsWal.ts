import { definePlugin } from '../../src/core/ports/plugin.ts';
import type { Wal, WalEntry, WalPosition } from '../../src/core/ports/wal.ts';
import { walFilePlugin } from '../../src/plugins/wal-file/index.ts';

const PREFIX = 0xff;

/** The log on disk with a byte before its positions, so that they lie above those of every other log. */
export default definePlugin({
  port: 'wal',
  portVersion: 1,
  name: 'high-positions',
  configSchema: walFilePlugin.configSchema,
  capabilities: walFilePlugin.capabilities,
  create: async (config, deps) => withPrefix(await walFilePlugin.create(config, deps)),
});

function withPrefix(wal: Wal): Wal {
  return {
    recordBytesMax: wal.recordBytesMax,
    async open(channel, term, signal) {
      const writer = await wal.open(channel, term, signal);
      return {
        channel,
        term,
        append: async (record) => outer(await writer.append(record)),
        close: () => writer.close(),
      };
    },
    read: (channel, from, options) => entries(wal.read(channel, from && inner(from), options)),
    tail: (channel, from, signal) => entries(wal.tail(channel, from && inner(from), signal)),
    truncate: (channel, upTo) => wal.truncate(channel, inner(upTo)),
    async info(channel) {
      const { first, last, ...rest } = await wal.info(channel);
      return { ...rest, first: first && outer(first), last: last && outer(last) };
    },
    close: () => wal.close(),
  };
}

async function* entries(inside: AsyncIterable<WalEntry>): AsyncIterable<WalEntry> {
  for await (const { position, record, term } of inside) yield { position: outer(position), record, term };
}

function outer(position: WalPosition): WalPosition {
  return Uint8Array.of(PREFIX, ...position);
}

function inner(position: WalPosition): WalPosition {
  return position.subarray(1);
}
