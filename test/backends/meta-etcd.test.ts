import { metaStoreConformance } from '../../conformance/storage/meta/kit.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { withServer } from './backend.ts';
import { etcdFactory } from './meta-etcd/subject.ts';

withServer('etcd', (server) => {
  registerCases('MetaStore: etcd', metaStoreConformance(etcdFactory(() => server().port)));
});
