import type { z } from 'zod';
import { nearMatch } from './nearMatch.ts';
import { schemaType, sectionShape } from './schemaWalk.ts';
import type { Setting } from './settings.ts';

const PREFIX = 'ELANUS_';
/** Names the configuration file itself. */
export const CONFIG_FILE_VARIABLE = 'ELANUS_CONFIG';
/** What Kubernetes and Docker put into every container beside a service named `elanus`. */
const SERVICE_LINK = /^ELANUS_(SERVICE_(HOST|PORT.*)|PORT(_.*)?)$/;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Settings from environment variables. The rule: ELANUS_, then the path in upper case with `_` before each word:
 * server.adminPort is ELANUS_SERVER_ADMIN_PORT, meta.options.syncMs is ELANUS_META_OPTIONS_SYNC_MS.
 */
export function environmentSettings(
  root: z.ZodType,
  environment: Environment,
): { readonly settings: readonly Setting[]; readonly problems: readonly string[] } {
  const byVariable = variables(root, []);
  const settings: Setting[] = [];
  const problems: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined || name === CONFIG_FILE_VARIABLE) continue;
    const known = byVariable.get(name) ?? optionVariable(byVariable, name);
    if (known !== undefined)
      settings.push({ path: known.path, value: scalar(known.type, text), source: name });
    else if (!SERVICE_LINK.test(name)) problems.push(unknownVariable(name, [...byVariable.keys()]));
  }
  return { settings, problems };
}

interface Variable {
  readonly path: readonly string[];
  readonly type: string;
}

/** The variable of every key below `schema`, by name. */
export function variables(schema: z.ZodType, path: readonly string[]): Map<string, Variable> {
  const shape = sectionShape(schema);
  if (shape === undefined) return new Map([[variableName(path), { path, type: schemaType(schema) }]]);
  return new Map(Object.entries(shape).flatMap(([key, inner]) => [...variables(inner, [...path, key])]));
}

export function variableName(path: readonly string[]): string {
  const words = path.map((key) => key.replace(/[A-Z]+/g, (upper) => `_${upper}`).toUpperCase());
  return PREFIX + words.join('_');
}

/** A key of a plugin's options: the rest of the name, in camel case. */
function optionVariable(byVariable: ReadonlyMap<string, Variable>, name: string): Variable | undefined {
  for (const [prefix, { path, type }] of byVariable) {
    if (type !== 'record' || !name.startsWith(`${prefix}_`)) continue;
    const words = name.slice(prefix.length + 1).toLowerCase();
    const key = words.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    return { path: [...path, key], type: 'any' };
  }
  return undefined;
}

function scalar(type: string, text: string): unknown {
  if (type === 'string' || type === 'enum') return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : text;
}

function unknownVariable(name: string, known: readonly string[]): string {
  const near = nearMatch(name, known);
  return `${name}: no such setting${near === undefined ? '' : `; did you mean ${near}?`}`;
}
