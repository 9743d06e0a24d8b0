import { DEFINITION_PROBES } from './definitions.ts';
import { FILTER_PROBES } from './filters.ts';
import { INDEX_PROBES } from './indexes.ts';
import { LOADING_PROBES } from './loading.ts';
import { PARAM_PROBES } from './params.ts';
import type { Probes } from './probe.ts';
import { READ_PROBES } from './reads.ts';
import { SCHEMA_PROBES } from './schema.ts';
import { TARGET_PROBES } from './targets.ts';
import { WRITE_PROBES } from './writes.ts';

export const PROBES: Probes = {
  ...DEFINITION_PROBES,
  ...FILTER_PROBES,
  ...INDEX_PROBES,
  ...LOADING_PROBES,
  ...PARAM_PROBES,
  ...READ_PROBES,
  ...SCHEMA_PROBES,
  ...TARGET_PROBES,
  ...WRITE_PROBES,
};
