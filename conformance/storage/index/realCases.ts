import assert from 'node:assert/strict';
import type { Metric } from '../../../src/core/domain/metric.ts';
import type { BedCase } from './bedCase.ts';
import { readRealData, realRecall } from './realData.ts';

/** Recall on real embeddings. */
export function realDataCases(directory: URL, metrics: readonly Metric[], recallMin: number): BedCase[] {
  return metrics.map((metric) => [
    `real data: ${metric} recall@10 → at least ${recallMin} with the default ef`,
    async (bed) => {
      const data = readRealData(directory);
      assert.ok(data !== undefined, `no real data in ${directory.pathname}`);
      const { dim } = data;
      const store = bed.store({ dim, rowsMax: data.rows.length / dim, chunkRowsLog2: 12 }, data.rows);
      const handle = bed.build(store, metric);
      const answers: number[][] = [];
      for (let query = 0; query < data.queryCount; query++) {
        const vector = data.queries.subarray(query * dim, query * dim + dim);
        answers.push(bed.search(handle, store, vector, { k: 10 }).rows);
      }
      const recall = realRecall(data, metric, answers, 10);
      assert.ok(recall >= recallMin, `recall ${recall} is below ${recallMin}`);
    },
  ]);
}
