import { codeOnly, lineOf, type SourceFile } from './sourceText.ts';

const LINES_MAX = 400;
const TEST_LINES_MAX = 600;

/** What core must take from a port instead. */
const BANNED_IN_CORE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b/g, 'Clock.nowMs'],
  [/\bnew Date\(/g, 'Clock.nowMs'],
  [/\bMath\.random\b/g, 'Random.next'],
  [/\bset(?:Timeout|Interval|Immediate)\b/g, 'Clock.sleep'],
  [/\bperformance\./g, 'Clock.monotonicMs'],
  [/\bprocess\./g, 'a port'],
  [/\bconsole\./g, 'Logger'],
];

export function bannedWords(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/core/'))
    .flatMap(({ path, text }) => {
      const code = codeOnly(text);
      return BANNED_IN_CORE.flatMap(([word, instead]) =>
        Array.from(
          code.matchAll(word),
          (found) => `${path}:${lineOf(code, found.index)}: ${found[0]} (use ${instead})`,
        ),
      );
    });
}

export function tooLong(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const linesMax = path.startsWith('src/') ? LINES_MAX : TEST_LINES_MAX;
    const lines = text.split('\n').length - 1;
    return lines > linesMax && !path.startsWith('src/gen/')
      ? [`${path}: ${lines} lines (limit ${linesMax})`]
      : [];
  });
}

/** Written apart, so that this file does not find itself. */
const UNFINISHED = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`, 'g');
const LEFT_OUT = /\b(?:test|it|describe|suite|bench)(?:\.\w+)*\.(?:only|skip|todo|skipIf|runIf)\b/g;

const EMPTY_CATCH = /\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}|\.catch\(\s*\(\w*\)\s*=>\s*\{\s*\}\s*\)/g;

/** Errors that vanish in the product; tests may wait for a call whatever its outcome. */
export function swallowedErrors(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/gen/'))
    .flatMap(({ path, text }) => matches(path, codeOnly(text), EMPTY_CATCH));
}

export function unfinished(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => [
    ...matches(path, text, UNFINISHED),
    ...(path.endsWith('.test.ts') ? matches(path, codeOnly(text), LEFT_OUT) : []),
  ]);
}

/** Paths of one person's machine and the servers packages came from here do not belong into a repository. */
const OF_ONE_MACHINE = [
  /(?<![\w.:/-])\/(?:work|root|workspace|Users)\/[\w.-]+/g,
  /(?<![\w.:/-])\/home\/(?!<)[\w.-]+\/[\w.-]+/g,
  /"resolved": "https?:[^"]*/g,
  /https?:\/\/[^\s'"/]*(?:registry|artifactory|nexus|verdaccio|npmmirror)[^\s'"/]*/gi,
  /^\s*registry\s*=.*/gm,
];

export function ofOneMachine(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => OF_ONE_MACHINE.flatMap((pattern) => matches(path, text, pattern)));
}

function matches(path: string, text: string, pattern: RegExp): string[] {
  return Array.from(
    text.matchAll(pattern),
    (found) => `${path}:${lineOf(text, found.index)}: ${found[0].trim()}`,
  );
}
