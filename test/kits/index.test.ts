import { vectorIndexConformance } from '../../conformance/storage/index/kit.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { buildKernels } from '../../scripts/buildKernels.ts';
import flat from '../../src/plugins/index-flat/index.ts';

await buildKernels(false);

for (const plugin of [flat]) {
  const subject = {
    name: plugin.name,
    workerModule: plugin.workerModule,
    config: plugin.configSchema.parse({}),
  };
  registerCases(`index-${plugin.name}`, vectorIndexConformance(subject, plugin.capabilities));
}
