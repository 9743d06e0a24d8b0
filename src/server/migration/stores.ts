import type { StoragePorts } from '../../core/ports/plugin.ts';

/** The three stores of one configuration, open. */
export type Stores = Readonly<StoragePorts>;

/** Takes a line of progress. */
export type Say = (line: string) => void;
