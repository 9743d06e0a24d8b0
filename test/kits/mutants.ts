import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** One safety mechanism taken out: the line after `// @mutation <mark>` becomes `line`. */
export interface Mutation {
  readonly mark: string;
  readonly line: string;
}

/** The same for sources without marks: a text that occurs once becomes another. */
export interface Edit {
  readonly find: string;
  readonly replacement: string;
}

/** What stands in for modules in a copy. */
export interface StandIns {
  /** Files put beside the copy, by name. */
  readonly files: Readonly<Record<string, URL>>;
  /** From what is imported to what is imported instead. */
  readonly imports: Readonly<Record<string, string>>;
}

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/** A changed copy of a plugin's folder; the sources themselves know nothing of it but the marks. */
export interface Mutant {
  url(module: string): string;
  load(module: string): Promise<unknown>;
  remove(): Promise<void>;
}

/** Copies `folder` (relative to the repository) and applies `change`, which must fit one place. */
export async function makeMutant(
  folder: string,
  change: Mutation | Edit | undefined,
  { files, imports }: StandIns = { files: {}, imports: {} },
): Promise<Mutant> {
  const source = path.join(REPOSITORY, folder);
  const target = await fs.mkdtemp(path.join(os.tmpdir(), 'elanus-mutant-'));
  let places = 0;
  for (const name of (await fs.readdir(source)).filter((one) => one.endsWith('.ts'))) {
    let text = await fs.readFile(path.join(source, name), 'utf8');
    if (change !== undefined) {
      const place = placeOf(change);
      places += text.match(place)?.length ?? 0;
      text = text.replace(place, (_all, indent: string) =>
        'mark' in change ? indent + change.line : change.replacement,
      );
    }
    for (const [from, to] of Object.entries(imports))
      text = text.replaceAll(`from '${from}'`, `from '${to}'`);
    await fs.writeFile(path.join(target, name), withAbsoluteImports(text, source));
  }
  for (const [name, file] of Object.entries(files)) await fs.copyFile(file, path.join(target, name));
  if (change !== undefined && places !== 1)
    throw new Error(`${places} places fit ${JSON.stringify(change)}, not 1`);
  // Child processes find packages from here too.
  await fs.symlink(path.join(REPOSITORY, 'node_modules'), path.join(target, 'node_modules'));
  return {
    url: (module) => pathToFileURL(path.join(target, module)).href,
    load: (module) => import(/* @vite-ignore */ pathToFileURL(path.join(target, module)).href),
    remove: () => fs.rm(target, { recursive: true }),
  };
}

function placeOf(change: Mutation | Edit): RegExp {
  if ('mark' in change) return new RegExp(`^( *)// @mutation ${change.mark}\\n.*$`, 'gm');
  return new RegExp(change.find.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'g');
}

/** What lies outside the folder is taken from the repository: the copy shares its error class with the kit. */
function withAbsoluteImports(text: string, source: string): string {
  return text.replace(/from '(\.\.\/[^']+)'/g, (_all, to: string) => `from '${path.resolve(source, to)}'`);
}
