import { invalid } from '../domain/errors.ts';
import type { FieldSchema, KeyValue } from '../domain/schema.ts';
import { JSON_PARAMS_KEY } from './indexParams.ts';
import { isWarmupKey } from './propertyRules.ts';

/** Properties of an index that can change after it was made; kept and described, they change nothing. */
export const INDEX_FLAGS: ReadonlySet<string> = new Set(['mmap.enabled', 'indexoffsetcache.enabled']);

/** What is described of any index, and the build parameters of those that are built here. */
const USED = ['index_type', 'metric_type', JSON_PARAMS_KEY, 'M', 'efConstruction'];

/**
 * What other vector index types are built or searched with: examples and frameworks give them whatever the type is, and
 * Milvus takes them too. They are kept, described and change nothing.
 */
const IGNORED = [
  'dim',
  'ef',
  'nlist',
  'nprobe',
  'm',
  'nbits',
  'nrq',
  'refine',
  'refine_type',
  'sq_type',
  'with_raw_data',
  'max_degree',
  'search_list_size',
  'adapt_for_cpu',
  'cache_dataset_on_device',
  'intermediate_graph_degree',
  'graph_degree',
  'build_algo',
  'drop_ratio_build',
];

/** Build parameters of vector indexes; docs/compatibility.md says what each does. */
export const VECTOR_PARAMS: ReadonlySet<string> = new Set([...USED, ...IGNORED]);
/** Build parameters of scalar indexes. */
export const SCALAR_PARAMS: ReadonlySet<string> = new Set([
  'index_type',
  'metric_type',
  JSON_PARAMS_KEY,
  'json_path',
  'json_cast_type',
  'json_cast_function',
  'min_gram',
  'max_gram',
  'bitmap_cardinality_limit',
]);

/** Errors: Invalid, naming the first parameter that no index of this kind of field has. */
export function checkBuildParamNames(
  field: FieldSchema,
  isVector: boolean,
  params: readonly KeyValue[],
): void {
  const known = isVector ? VECTOR_PARAMS : SCALAR_PARAMS;
  for (const { key, value } of params) {
    if (known.has(key) || INDEX_FLAGS.has(key) || isWarmupKey(key)) continue;
    throw invalid(`index parameter ${key} is not supported`, { field: field.name, [key]: value });
  }
}
