import { DEFINITION_PROBES } from './definitions.ts';
import { FILTER_PROBES, FILTER_REFUSALS } from './filters.ts';
import { INDEX_PROBES, KEPT_INDEXES } from './indexes.ts';
import { LOADING_PROBES } from './loading.ts';
import { PARAM_PROBES } from './params.ts';
import type { Probes } from './probe.ts';
import { READ_PROBES } from './reads.ts';
import { KEPT_PROPERTIES, SCHEMA_PROBES } from './schema.ts';
import { TARGET_PROBES } from './targets.ts';
import { WRITE_PROBES, WRITE_REFUSALS } from './writes.ts';

/** By treatment. What is honoured always has one; the others where setting the thing and comparing replies is not enough. */
export const PROBES: Readonly<Record<string, Probes>> = {
  honoured: {
    ...DEFINITION_PROBES,
    ...FILTER_PROBES,
    ...INDEX_PROBES,
    ...LOADING_PROBES,
    ...PARAM_PROBES,
    ...READ_PROBES,
    ...SCHEMA_PROBES,
    ...TARGET_PROBES,
    ...WRITE_PROBES,
  },
  'no-op': { ...KEPT_INDEXES, ...KEPT_PROPERTIES },
  refused: { ...FILTER_REFUSALS, ...WRITE_REFUSALS },
};
