import { posix } from 'node:path';
import type { SourceFile } from './sourceText.ts';

const FENCED = /^```[\s\S]*?^```$/gm;
const LINK = /\]\((?!https?:|#)([^)#\s]+)/g;
const CODE = /`([^`\n]+)`/g;
/** Text in code font that is meant as a file or folder of this repository. */
const NAMES_FILE = /^(?:[\w.@-]+\/)*[\w.@-]+\.(?:ts|md|py|proto)$/;
const NAMES_FOLDER =
  /^(?:src|test|docs|scripts|bench|conformance|examples|proto|plugins|core|server|\.ci)\/[\w./-]+$/;
/** What a user writes, builds or gets. */
const NOT_OURS = /^\.\/|\bnode_modules\/|^dist\//;

/** Files and folders that documents name and that are not there. `paths`: all files of the repository. */
export function deadNames(documents: readonly SourceFile[], paths: readonly string[]): string[] {
  const known = new Set(paths.flatMap((path) => [path, ...foldersOf(path)]));
  return documents.flatMap((document) => {
    const prose = document.text.replace(FENCED, '');
    const dead = [
      ...linksOf(document.path, prose).filter((path) => !known.has(path)),
      ...namesOf(prose).filter((name) => !isThere(name, known)),
    ];
    return dead.map((name) => `${document.path}: there is no ${name}`);
  });
}

function linksOf(from: string, prose: string): string[] {
  return Array.from(prose.matchAll(LINK), ([, target]) =>
    posix.join(posix.dirname(from), target!).replace(/\/$/, ''),
  );
}

function namesOf(prose: string): string[] {
  return Array.from(prose.matchAll(CODE), ([, code]) => code!)
    .flatMap(alternatives)
    .filter((code) => (NAMES_FILE.test(code) || NAMES_FOLDER.test(code)) && !NOT_OURS.test(code));
}

/** `a/{b,c}` → `a/b`, `a/c`. */
function alternatives(code: string): string[] {
  const braces = /\{([^{}]*)\}/.exec(code);
  if (braces === null) return [code];
  return braces[1]!.split(',').map((one) => code.replace(braces[0], one));
}

/** Documents may leave out the first folders of a path. */
function isThere(name: string, known: ReadonlySet<string>): boolean {
  const path = name.replace(/\/$/, '');
  return known.has(path) || [...known].some((one) => one.endsWith(`/${path}`));
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
