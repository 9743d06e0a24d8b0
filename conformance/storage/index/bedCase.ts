import type { IndexBed } from './subject.ts';

/** A case that gets an arena and the plugin's kernel in the calling thread. */
export type BedCase = readonly [name: string, run: (bed: IndexBed) => Promise<void>];
