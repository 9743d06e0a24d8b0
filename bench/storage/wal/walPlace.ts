import type { Wal } from '../../../src/core/ports/wal.ts';

/** One ordered log written without the adapter. Several appends may be in flight. */
export interface BareLog {
  append(record: Uint8Array): Promise<unknown>;
  /** Also gives space back where that is possible. */
  close(): Promise<void>;
}

export interface OpenWal {
  readonly wal: Wal;
  /** Closes the log and what it stands on. */
  close(): Promise<void>;
}

/** A server that runs, for both sides. */
export interface WalPlace {
  /** Another one each time, over the same data. */
  openWal(): Promise<OpenWal>;
  openBare(channel: string): Promise<BareLog>;
  /** Stops the server and drops the data. */
  close(): Promise<void>;
}

export interface WalServer {
  readonly name: string;
  readonly bareName: string;
  /** Appends go out as HTTP PUTs, which are counted. */
  readonly putsOverHttp?: true;
  /** In MB/s with 16 channels, beside that of the comparison. */
  readonly rateMin?: number;
  /** What p50 of an append may be of a bare one's, when one is in flight. */
  readonly p50FactorMax?: number;
  whyNot(): string | undefined;
  /** `folder`: for data of a place without a server. */
  open(folder: string): Promise<WalPlace>;
}
