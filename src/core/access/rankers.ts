import { invalid } from '../domain/errors.ts';
import type { Metric } from '../domain/metric.ts';
import { largerIsBetter, wireScore } from '../domain/metric.ts';
import type { Params } from './params.ts';

/** How the hits of several searches become one list. */
export interface Ranker {
  /** What the hit at `rank` (from 1) of search `leg`, with an inner score, adds to its row's score. */
  contribution(leg: number, rank: number, innerScore: number): number;
  /** False: the smallest sum is the best (distances, not normalised). */
  readonly largerIsBetter: boolean;
}

const RRF_K_DEFAULT = 60;
const RRF_K_MAX = 16_384;

/** Errors: Invalid for an unknown strategy or parameters out of range. */
export function rankerOf(params: Params, metrics: readonly Metric[]): Ranker {
  const strategy = params.text('strategy') ?? 'rrf';
  switch (strategy.toLowerCase()) {
    case 'rrf':
      return reciprocalRanks(params);
    case 'weighted':
      return weightedScores(params, metrics);
    default:
      throw invalid(`unsupported rank type ${strategy}`);
  }
}

function reciprocalRanks(params: Params): Ranker {
  if (params.member('weights') !== undefined)
    throw invalid('parameter weights is not supported with strategy rrf');
  const k = params.number('k') ?? RRF_K_DEFAULT;
  if (!(k > 0 && k < RRF_K_MAX))
    throw invalid(`the rank params k should be in range (0, ${RRF_K_MAX}), k: ${k}`);
  return { largerIsBetter: true, contribution: (_leg, rank) => 1 / (k + rank) };
}

function weightedScores(params: Params, metrics: readonly Metric[]): Ranker {
  const weights = weightsOf(params, metrics.length);
  const normalised = params.flag('norm_score');
  const smaller = metrics.filter((metric) => !largerIsBetter(metric)).length;
  const mixed = smaller > 0 && smaller < metrics.length;
  return {
    largerIsBetter: normalised || smaller < metrics.length,
    contribution: (leg, _rank, innerScore) => {
      const metric = metrics[leg]!;
      const score = wireScore(metric, innerScore);
      const turned = normalised || (mixed && !largerIsBetter(metric));
      return weights[leg]! * (turned ? normalisedScore(metric, score) : score);
    },
  };
}

function weightsOf(params: Params, count: number): readonly number[] {
  const weights = params.member('weights');
  if (!Array.isArray(weights)) throw invalid('weights not found in rank_params');
  if (weights.length !== count) {
    throw invalid('the length of weights param mismatch with ann search requests', {
      expected: count,
      actual: weights.length,
    });
  }
  for (const weight of weights) {
    if (typeof weight === 'number' && weight >= 0 && weight <= 1) continue;
    throw invalid(`rank param weight should be in range [0, 1], weight: ${String(weight)}`);
  }
  return weights as readonly number[];
}

/** A wire score as a number in (0, 1), larger is better. */
export function normalisedScore(metric: Metric, score: number): number {
  switch (metric) {
    case 'COSINE':
      return (1 + score) / 2;
    case 'IP':
      return 0.5 + Math.atan(score) / Math.PI;
    case 'L2':
      return 1 - (2 * Math.atan(score)) / Math.PI;
  }
}
