import type { z } from 'zod';
import { didYouMean } from './nearMatch.ts';
import { keysAt } from './schemaWalk.ts';
import { isSecretPath, MASK } from './secrets.ts';
import { valueAt } from './settings.ts';

/** Where the value at a path came from, or undefined. */
export type SourceOf = (path: readonly PropertyKey[]) => string | undefined;

type Issue = z.core.$ZodIssue;

/** One line a problem: `server.port: 99999 is above the limit of 65535 (elanus.yaml, line 3)`. */
export function describeIssues(
  issues: readonly Issue[],
  root: z.ZodType,
  tree: unknown,
  sourceOf: SourceOf,
): string[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(root, issue.path, key, sourceOf));
    }
    const path = issue.path;
    return [`${pathText(path)}: ${explain(issue, valueAt(tree, path), path)}${from(sourceOf(path))}`];
  });
}

function unknownKey(root: z.ZodType, path: readonly PropertyKey[], key: string, sourceOf: SourceOf): string {
  const full = [...path, key];
  return `${pathText(full)}: unknown key${didYouMean(key, keysAt(root, path))}${from(sourceOf(full))}`;
}

function explain(issue: Issue, value: unknown, path: readonly PropertyKey[]): string {
  const shown = show(value, path);
  switch (issue.code) {
    case 'too_big':
      return `${shown} is above the limit of ${issue.maximum}`;
    case 'too_small':
      return issue.origin === 'string'
        ? 'must not be empty'
        : `${shown} is below the limit of ${issue.minimum}`;
    case 'invalid_value':
      return `${shown} is not one of ${issue.values.join(', ')}${didYouMean(String(value), issue.values.map(String))}`;
    case 'invalid_type':
      return `expected ${expectation(issue.expected)}, got ${shown}`;
    default:
      return `${shown}: ${issue.message}`;
  }
}

function expectation(type: string): string {
  if (type === 'int' || type === 'number') return 'a whole number';
  if (type === 'boolean') return 'true or false';
  if (type === 'object' || type === 'record') return 'a section of keys and values';
  return `a ${type}`;
}

function show(value: unknown, path: readonly PropertyKey[]): string {
  if (isSecretPath(path)) return MASK;
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the configuration' : path.map(String).join('.');
}

function from(source: string | undefined): string {
  return source === undefined ? '' : ` (${source})`;
}
