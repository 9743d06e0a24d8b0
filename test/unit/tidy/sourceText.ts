import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export interface SourceFile {
  /** From the root of the tree, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Files below `folders` of `root` whose names end in one of `endings`. */
export function filesBelow(
  root: string,
  folders: readonly string[],
  endings: readonly string[],
): SourceFile[] {
  return folders.flatMap((folder) => {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }));
  });
}

const STRING = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//;
const STRING_OR_COMMENT = new RegExp(`${STRING.source}|${COMMENT.source}`, 'g');

/** The text with comments blanked; lines keep their numbers. */
export function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (found) => (found.startsWith('/') ? blank(found) : found));
}

/** The text with comments and the contents of strings blanked. */
export function codeOnly(text: string): string {
  return text.replace(STRING_OR_COMMENT, blank);
}

function blank(found: string): string {
  return found.replace(/[^\n]/g, ' ');
}

export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
