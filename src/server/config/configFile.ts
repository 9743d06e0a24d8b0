import { readFileSync } from 'node:fs';
import type { SourceOf } from './problems.ts';

const CONFIG_FILE_DEFAULT = 'elanus.yaml';

export interface ConfigFile {
  readonly tree: unknown;
  readonly problems: readonly string[];
  /** `elanus.yaml, line 3`. */
  readonly sourceOf: SourceOf;
}

export const NO_FILE: ConfigFile = { tree: {}, problems: [], sourceOf: () => undefined };

/** Reads a configuration file. One that was not asked for (`path` undefined) may be missing. */
export async function readConfigFile(path: string | undefined): Promise<ConfigFile> {
  let text: string;
  try {
    text = readFileSync(path ?? CONFIG_FILE_DEFAULT, 'utf8');
  } catch (error) {
    if (path === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return NO_FILE;
    return {
      ...NO_FILE,
      problems: [`${path ?? CONFIG_FILE_DEFAULT}: cannot be read: ${(error as Error).message}`],
    };
  }
  const { parseYaml } = await import('./yamlFile.ts');
  return parseYaml(path ?? CONFIG_FILE_DEFAULT, text);
}
