/**
 * Names of the parameters that reads take; others are refused. docs/compatibility.md says what each does: the first group
 * of a list is acted on, the second is taken and changes nothing, because SDKs send it with every call, because it only
 * hints at how to search, or because it belongs to an index or a type that does not exist here.
 */

/** Hints and output formats that any read may carry. */
const IGNORED = ['cluster_id', 'timezone', 'time_fields'];

/** They mean something beside group_by_field only, which is refused. */
const GROUPING = ['group_size', 'strict_group_size', 'rank_group_scorer'];

/** What other vector index types are searched with. */
const INDEX_IGNORED = [
  'level',
  'nprobe',
  'search_list',
  'reorder_k',
  'refine_k',
  'rbq_bits_query',
  'itopk_size',
  'search_width',
  'team_size',
  'min_iterations',
  'max_iterations',
  'refine_ratio',
  'drop_ratio_search',
  'dim_max_score_ratio',
  'mh_search_with_jaccard',
  'batch_search',
  'svs_search_window_size',
  'svs_search_buffer_capacity',
  'max_empty_result_buckets',
];

export const SEARCH_PARAMS: ReadonlySet<string> = new Set([
  'anns_field',
  'topk',
  'offset',
  'params',
  'metric_type',
  'round_decimal',
  'ignore_growing',
  'radius',
  'range_filter',
  'ef',
  'iterator',
  'collection_id',
  'search_iter_v2',
  'search_iter_batch_size',
  'search_iter_last_bound',
  'search_iter_id',
  'guarantee_timestamp',

  'hints',
  'page_retain_order',
  'retain_iterator_order',
  'enable_recall_calculation',
  'json_path',
  'json_type',
  'strict_cast',
  ...GROUPING,
  ...INDEX_IGNORED,
  ...IGNORED,
]);

/** reduce_stop_for_best: rows always come in key order. query_iter_last_pk: the filter of the page says the same. */
export const QUERY_PARAMS: ReadonlySet<string> = new Set([
  'limit',
  'offset',
  'params',
  'ignore_growing',
  'iterator',
  'collection_id',

  'reduce_stop_for_best',
  'query_iter_last_pk',
  'iteration_extension_reduce_rate',
  ...IGNORED,
]);

export const RANK_PARAMS: ReadonlySet<string> = new Set([
  'strategy',
  'params',
  'k',
  'weights',
  'norm_score',
  'limit',
  'offset',
  'round_decimal',

  ...GROUPING,
  ...IGNORED,
]);
