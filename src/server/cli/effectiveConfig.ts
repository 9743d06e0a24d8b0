import { resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Config } from '../config/schema.ts';
import { withMaskedSecrets } from '../config/secrets.ts';
import { chooseIndexes, chooseStorage } from '../wiring/pluginRegistry.ts';

/** The configuration as it would be used, as YAML without secrets, once the plugins have taken their options. */
export async function effectiveConfigText(config: Config): Promise<string> {
  await Promise.all([chooseStorage(config, resolve(config.dataDir)), chooseIndexes(config.index)]);
  return stringify(withMaskedSecrets(config));
}
