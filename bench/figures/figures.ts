import type { Figure } from './figure.ts';
import { filtered } from './filtered.ts';
import { flush } from './flush.ts';
import { idle } from './idle.ts';
import { insert } from './insert.ts';
import { memory } from './memory.ts';
import { mixed } from './mixed.ts';
import { ready } from './ready.ts';
import { restart } from './restart.ts';
import { search } from './search.ts';
import { singleInsert } from './singleInsert.ts';
import { smallCollections } from './smallCollections.ts';
import { start } from './start.ts';
import { strong } from './strong.ts';

/** In this order: those that write to the loaded set come last. */
export const figures: readonly Figure[] = [
  start,
  idle,
  insert,
  singleInsert,
  flush,
  ready,
  search,
  filtered,
  memory,
  restart,
  strong,
  mixed,
  smallCollections,
];
