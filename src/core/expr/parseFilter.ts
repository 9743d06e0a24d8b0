import type { CollectionSchema } from '../domain/schema.ts';
import { type FilterPurpose, planError } from './filterError.ts';
import { parseAst } from './parser.ts';
import { type FilterPlan, MATCH_ALL } from './plan.ts';
import { resolveFilter } from './resolve.ts';
import type { TemplateValue } from './templates.ts';

export type { TemplateValue };

const NO_TEMPLATES: ReadonlyMap<string, TemplateValue> = new Map();

/**
 * Parses and types a filter (Milvus's boolean expressions, docs/filters.md) for one schema version. Empty text lets
 * every row pass. `templates` holds the values of `{name}`.
 * Bounds: nesting ≤ LIMITS.filterDepthMax; `and`, `or` and lists of any length; time is linear in the text.
 * Errors: Invalid (syntax, names, types, division by zero), Unsupported (a form this server has not), both with Milvus's
 * text and the column; `purpose` says whether it names a query or a delete plan.
 */
export function parseFilter(
  text: string,
  schema: CollectionSchema,
  templates: ReadonlyMap<string, TemplateValue> = NO_TEMPLATES,
  purpose: FilterPurpose = 'query',
): FilterPlan {
  if (text.trim() === '') return MATCH_ALL;
  try {
    return resolveFilter(parseAst(text, templates), schema);
  } catch (caught) {
    throw planError(purpose, text, caught);
  }
}
