import type { CollectionInfo } from '../domain/catalog.ts';
import type { FilterPurpose } from '../expr/filterError.ts';
import { parseFilter } from '../expr/parseFilter.ts';
import type { FilterPlan } from '../expr/plan.ts';
import type { Templates } from './requests.ts';

/** Parsed filters by collection, schema version and text, least recently used out first. */
export class FilterPlans {
  readonly #plansMax: number;
  readonly #plans = new Map<string, FilterPlan>();

  constructor(plansMax: number) {
    this.#plansMax = plansMax;
  }

  /** undefined for an empty filter, which matches all. Errors: Invalid, Unsupported. */
  plan(
    collection: CollectionInfo,
    text: string,
    templates: Templates,
    purpose: FilterPurpose,
  ): FilterPlan | undefined {
    const filter = text.trim();
    if (filter === '') return undefined;
    const { collectionId, schema } = collection;
    if (templates.size > 0) return parseFilter(filter, schema, templates, purpose);
    const key = `${collectionId} ${schema.version} ${filter}`;
    const known = this.#plans.get(key);
    const plan = known ?? parseFilter(filter, schema, templates, purpose);
    this.#plans.delete(key);
    this.#plans.set(key, plan);
    if (this.#plans.size > this.#plansMax) this.#dropOldest();
    return plan;
  }

  #dropOldest(): void {
    for (const key of this.#plans.keys()) {
      this.#plans.delete(key);
      return;
    }
  }
}
