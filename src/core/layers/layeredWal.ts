import { ElanusError } from '../domain/errors.ts';
import type { Wal, WalPosition, WalWriter } from '../ports/wal.ts';
import { type CallLayer, read, write } from './callLayer.ts';

/** A second one would be Fenced by what the first one left. */
const OPEN = write('open', false);
/** Records keep their order only when each is appended once. */
const APPEND = write('append', false);
const CLOSE = write('closeWriter', false);

/** A Wal whose calls go through `layer`. Reads and tails are streams, no calls: they go to the log itself. */
export function layeredWal(wal: Wal, layer: CallLayer): Wal {
  return {
    recordBytesMax: wal.recordBytesMax,
    open: async (channel, term, signal) => {
      const writer = await layer.around(
        OPEN,
        async () => wal.open(channel, term, signal),
        (late) => late.close(),
      );
      return new LayeredWriter(writer, layer);
    },
    read: (channel, from, options) => wal.read(channel, from, options),
    tail: (channel, from, signal) => wal.tail(channel, from, signal),
    truncate: (channel, upTo) => layer.around(write('truncate'), async () => wal.truncate(channel, upTo)),
    info: (channel) => layer.around(read('info'), async () => wal.info(channel)),
    close: () => {
      layer.close();
      return wal.close();
    },
  };
}

/** After an append that was given up the writer is dead, whatever becomes of those in flight behind it. */
class LayeredWriter implements WalWriter {
  readonly channel: string;
  readonly term: number;
  readonly #writer: WalWriter;
  readonly #layer: CallLayer;
  #isDead = false;

  constructor(writer: WalWriter, layer: CallLayer) {
    this.channel = writer.channel;
    this.term = writer.term;
    this.#writer = writer;
    this.#layer = layer;
  }

  async append(record: Uint8Array): Promise<WalPosition> {
    if (this.#isDead) throw dead(this.channel, 'Closed');
    const own = this.#layer.givesUp ? new Uint8Array(record) : record;
    try {
      const position = await this.#layer.around(APPEND, async () => this.#writer.append(own));
      if (this.#isDead) throw dead(this.channel, 'Unknown');
      return position;
    } catch (caught) {
      if (ElanusError.from(caught).kind === 'Unknown') this.#isDead = true;
      throw caught;
    }
  }

  close(): Promise<void> {
    return this.#layer.around(CLOSE, async () => this.#writer.close());
  }
}

function dead(channel: string, kind: 'Closed' | 'Unknown'): ElanusError {
  return new ElanusError(kind, 'an append before this one has an unknown outcome', { context: { channel } });
}
