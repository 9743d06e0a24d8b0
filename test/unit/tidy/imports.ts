import { posix } from 'node:path';
import { lineOf, type SourceFile, withoutComments } from './sourceText.ts';

export interface Import {
  readonly from: string;
  readonly line: number;
  /** Path in the tree of a relative import; else `node:x` or the package's name. undefined = computed at run time. */
  readonly target: string | undefined;
}

const FROM = /\b(?:import|export)\b(?!\s*\()[^'";()]*?\bfrom\s*['"]([^'"]+)['"]/g;
const BARE = /(?:^|[;\n])\s*import\s*['"]([^'"]+)['"]/g;
const CALL = /\b(?:import|require)\s*\(\s*(?:['"]([^'"]+)['"]\s*[),]|[^)])/g;

/** Static, type-only, bare and dynamic imports of a file, `import('x').T` included. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const code = withoutComments(text);
  return [FROM, BARE, CALL].flatMap((pattern) =>
    Array.from(code.matchAll(pattern), (match) => ({
      from: path,
      line: lineOf(code, match.index + (match[0].length - match[0].trimStart().length)),
      target: match[1] === undefined ? undefined : targetOf(path, match[1]),
    })),
  );
}

function targetOf(path: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(path), specifier);
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
