export { pluginDeps } from '../../conformance/storage/pluginDeps.ts';
