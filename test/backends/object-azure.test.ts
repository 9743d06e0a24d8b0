import { objectStoreConformance } from '../../conformance/storage/object/kit.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { withServer } from './backend.ts';
import { azureFactory } from './object-azure/subject.ts';

withServer('azurite', (server) => {
  registerCases('ObjectStore: azure', objectStoreConformance(azureFactory(() => server().port)));
});
