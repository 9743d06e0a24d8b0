import { ElanusError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { wireScore } from '../domain/metric.ts';
import type { Hits } from '../rank/mergeHits.ts';
import { concatHits, sliceHits } from '../rank/mergeHits.ts';
import type { ScoreBounds } from './rangeSearch.ts';
import { intersection, nextBelow, UNBOUNDED } from './rangeSearch.ts';
import type { SearchPlan } from './searchParams.ts';

export interface IteratorPage {
  readonly hits: Hits;
  /** Wire score that the client sends with the next page. */
  readonly lastBound: number;
}

export interface PageRange {
  readonly k: number;
  readonly bounds: ScoreBounds;
  readonly exact: true;
}

/**
 * One page of a V2 iterator: the next hits that are worse than `lastBound`, found by an exact scan of one snapshot. The
 * client only remembers a score, so all hits that tie with the page's last one belong to the page, which may thus be
 * longer than the batch. Errors: Exhausted when more than 16,384 rows of a shard have one score.
 */
export async function iteratorPage(
  { iterator, bounds, metric }: SearchPlan,
  fetch: (range: PageRange) => Promise<Hits>,
): Promise<IteratorPage> {
  const { batchSize, lastBound } = iterator!;
  const worse =
    lastBound === undefined
      ? UNBOUNDED
      : { ...UNBOUNDED, atMost: nextBelow(wireScore(metric, Math.fround(lastBound))) };
  const within = intersection(bounds, worse);
  const k = Math.min(batchSize + 1, LIMITS.topKMax);
  const hits = await fetch({ k, bounds: within, exact: true });
  const page = hits.scores.length < k ? hits : await wholeTies(hits, batchSize, within, fetch);
  const last = page.scores.at(-1);
  return { hits: page, lastBound: last === undefined ? (lastBound ?? 0) : wireScore(metric, last) };
}

/** `hits` may go on: cuts them behind `batchSize`, and completes the hits that tie with the last one. */
async function wholeTies(
  hits: Hits,
  batchSize: number,
  bounds: ScoreBounds,
  fetch: (range: PageRange) => Promise<Hits>,
): Promise<Hits> {
  const score = hits.scores[batchSize - 1]!;
  if (batchSize < hits.scores.length && hits.scores[batchSize] !== score)
    return sliceHits(hits, 0, batchSize);
  const tied = { above: Math.max(bounds.above, nextBelow(score)), atMost: score };
  const ties = await fetch({ k: LIMITS.topKMax, bounds: tied, exact: true });
  if (ties.scores.length === LIMITS.topKMax) {
    throw new ElanusError('Exhausted', 'too many rows have the same score for an iterator', {
      context: { score, rowsMax: LIMITS.topKMax - 1 },
    });
  }
  return concatHits(sliceHits(hits, 0, hits.scores.indexOf(score)), ties);
}
