import { objectStoreConformance } from '../../conformance/storage/object/kit.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { withServer } from './backend.ts';
import { s3Factory } from './object-s3/subject.ts';

for (const name of ['minio', 'versitygw'] as const) {
  withServer(name, (server) => {
    registerCases('ObjectStore: s3', objectStoreConformance(s3Factory(() => server().port)));
  });
}
