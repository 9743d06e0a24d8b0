import { isRecord } from './sizes.ts';

/** One value and where it came from, for messages: `ELANUS_SERVER_PORT`, `--port`. */
export interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly source: string;
}

/** A copy of `tree` with `settings` put in, the later ones last. */
export function withSettings(tree: unknown, settings: readonly Setting[]): Record<string, unknown> {
  const result = isRecord(tree) ? structuredClone(tree) : {};
  for (const { path, value } of settings) put(result, path, value);
  return result;
}

function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let parent = tree;
  for (const key of path.slice(0, -1)) {
    if (!isRecord(parent[key])) parent[key] = {};
    parent = parent[key] as Record<string, unknown>;
  }
  parent[path.at(-1)!] = value;
}

export function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[String(key)] : undefined), tree);
}
