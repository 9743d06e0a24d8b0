import { invalid } from '../../core/domain/errors.ts';
import type { VectorIndexSpec } from '../../core/ports/vectorIndex.ts';

export interface GraphParams {
  /** Links a row at an upper level; twice as many at level 0. */
  readonly linksMax: number;
  readonly efConstruction: number;
}

const LINKS_DEFAULT = 16;
const LINKS_MIN = 2;
const LINKS_MAX = 2_048;
const EF_CONSTRUCTION_DEFAULT = 200;
const EF_MAX = 32_768;
const EF_DEFAULT = 64;

/** M 2..2048 (default 16) and efConstruction 1..32768 (default 200) of an index. Error: Invalid. */
export function graphParams(spec: VectorIndexSpec): GraphParams {
  const linksMax = within(spec.params, 'M', LINKS_DEFAULT, LINKS_MIN, LINKS_MAX);
  const efConstruction = within(spec.params, 'efConstruction', EF_CONSTRUCTION_DEFAULT, 1, EF_MAX);
  return { linksMax, efConstruction: Math.max(efConstruction, linksMax) };
}

/** ef of a search: 1..32768, default 64, at least k. Error: Invalid. */
export function searchEf(params: Readonly<Record<string, number>>, k: number): number {
  return Math.max(k, within(params, 'ef', EF_DEFAULT, 1, EF_MAX));
}

function within(
  params: Readonly<Record<string, number>>,
  name: string,
  defaultValue: number,
  min: number,
  max: number,
): number {
  const value = params[name] ?? defaultValue;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw invalid(`${name} must be an integer in ${min}..${max}`, { [name]: value });
  }
  return value;
}
