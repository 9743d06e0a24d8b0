import { existsSync } from 'node:fs';
import { vectorIndexConformance } from '../../conformance/storage/index/kit.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { buildKernels } from '../../scripts/buildKernels.ts';
import flat from '../../src/plugins/index-flat/index.ts';
import hnsw from '../../src/plugins/index-hnsw/index.ts';
import usearch from '../../src/plugins/index-usearch/index.ts';

await buildKernels(false);

const realDataDirectory = new URL('../../../shared/data/', import.meta.url);
const hasRealData = existsSync(realDataDirectory);
if (!hasRealData) console.log('not run: the cases on real data, which does not lie beside the repository');

for (const plugin of [flat, hnsw, usearch]) {
  const { name, workerModule, capabilities } = plugin;
  const subject = { name, workerModule, config: plugin.configSchema.parse({}) };
  const options = hasRealData ? { capabilities, realDataDirectory } : { capabilities };
  registerCases(`index-${name}`, vectorIndexConformance(subject, options));
}
