import { resolve } from 'node:path';
import { stringify } from 'yaml';
import type { AnyPlugin } from '../../core/ports/plugin.ts';
import type { Config } from '../config/schema.ts';
import { withMaskedSecrets } from '../config/secrets.ts';
import { chooseIndexes, chooseStorage } from '../wiring/pluginRegistry.ts';

/** The configuration as it would be used, as YAML without secrets, once the plugins have taken their options. */
export async function effectiveConfigText(config: Config, plugins: readonly AnyPlugin[]): Promise<string> {
  await Promise.all([
    chooseStorage(config, resolve(config.dataDir), plugins),
    chooseIndexes(config.index, plugins),
  ]);
  return stringify(withMaskedSecrets(config));
}
