import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** One safety mechanism taken out: the line after `// @mutation <mark>` becomes `line`. */
export interface Mutation {
  readonly mark: string;
  readonly line: string;
}

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/** A changed copy of a plugin's folder; the sources themselves know nothing of it but the marks. */
export interface Mutant {
  load(module: string): Promise<unknown>;
  remove(): Promise<void>;
}

/** Copies `folder` (relative to the repository) and applies `mutation` where it is marked, which must be one place. */
export async function makeMutant(folder: string, mutation: Mutation | undefined): Promise<Mutant> {
  const source = path.join(REPOSITORY, folder);
  const target = await fs.mkdtemp(path.join(os.tmpdir(), 'elanus-mutant-'));
  let places = 0;
  for (const name of await fs.readdir(source)) {
    let text = await fs.readFile(path.join(source, name), 'utf8');
    if (mutation !== undefined) {
      const mark = new RegExp(`^( *)// @mutation ${mutation.mark}\\n.*$`, 'gm');
      places += text.match(mark)?.length ?? 0;
      text = text.replace(mark, (_all, indent: string) => indent + mutation.line);
    }
    await fs.writeFile(path.join(target, name), withAbsoluteImports(text, source));
  }
  if (mutation !== undefined && places !== 1)
    throw new Error(`${places} lines are marked ${mutation.mark}, not 1`);
  return {
    load: (module) => import(/* @vite-ignore */ pathToFileURL(path.join(target, module)).href),
    remove: () => fs.rm(target, { recursive: true }),
  };
}

/** What lies outside the folder is taken from the repository: the copy shares its error class with the kit. */
function withAbsoluteImports(text: string, source: string): string {
  return text.replace(/from '(\.\.\/[^']+)'/g, (_all, to: string) => `from '${path.resolve(source, to)}'`);
}
