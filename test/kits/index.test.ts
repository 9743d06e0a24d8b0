import { existsSync } from 'node:fs';
import { type IndexKitOptions, vectorIndexConformance } from '../../conformance/storage/index/kit.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { buildKernels } from '../../scripts/buildKernels.ts';
import flat from '../../src/plugins/index-flat/index.ts';
import hnsw from '../../src/plugins/index-hnsw/index.ts';
import usearch from '../../src/plugins/index-usearch/index.ts';

await buildKernels(false);

const realDataDirectory = new URL('../../../shared/data/', import.meta.url);
const hasRealData = existsSync(realDataDirectory);
if (!hasRealData) console.log('not run: the cases on real data, which does not lie beside the repository');

const PLUGINS = [
  { plugin: flat, bars: {} },
  { plugin: hnsw, bars: { realRecallMin: 0.98 } },
  // The library's own limits, measured: 0.947 on gaussian rows, 0.83 around equal rows. Its build is slow, so one metric.
  {
    plugin: usearch,
    bars: { recallBars: { gaussian: 0.9, equalRows: 0.75 }, realRecallMin: 0.98, realMetrics: ['COSINE'] },
  },
] as const;

for (const { plugin, bars } of PLUGINS) {
  const { name, workerModule, capabilities } = plugin;
  const subject = { name, workerModule, config: plugin.configSchema.parse({}) };
  const options: IndexKitOptions = { capabilities, ...bars, ...(hasRealData ? { realDataDirectory } : {}) };
  registerCases(`index-${name}`, vectorIndexConformance(subject, options));
}
