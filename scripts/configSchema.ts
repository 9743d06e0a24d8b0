/**
 * Writes what is known from src/server/config/schema.ts: docs/elanus.schema.json, the JSON Schema of elanus.yaml, and the table of
 * keys in docs/configuration.md. `--check` fails when they are not up to date instead.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { variableName } from '../src/server/config/environment.ts';
import { configJsonSchema } from '../src/server/config/jsonSchema.ts';

interface Node {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
}

const KEYS = /(<!-- keys: [^\n]*-->\n)[\s\S]*(<!-- end of keys -->)/;

const schema = configJsonSchema() as Node;
const outputs = [
  { path: 'docs/elanus.schema.json', textOf: () => `${JSON.stringify(schema, undefined, 2)}\n` },
  {
    path: 'docs/configuration.md',
    textOf: (old: string) => old.replace(KEYS, `$1\n${keyTable(schema)}\n$2`),
  },
];

function keyTable(root: Node): string {
  const head = '| key | default | allowed | meaning | variable |\n|---|---|---|---|---|\n';
  return head + rows(root, []).join('');
}

function rows(node: Node, path: readonly string[]): string[] {
  if (node.properties !== undefined) {
    return Object.entries(node.properties).flatMap(([key, inner]) => rows(inner, [...path, key]));
  }
  const shown = JSON.stringify(node.default);
  const variable = variableName(path) + (node.type === 'object' ? '_…' : '');
  return [
    `| \`${path.join('.')}\` | \`${shown}\` | ${allowed(node)} | ${node.description} | \`${variable}\` |\n`,
  ];
}

function allowed(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(', ');
  const { type, minimum, maximum } = node.anyOf?.[0] ?? node;
  if (minimum !== undefined) return `${grouped(minimum)} … ${grouped(maximum!)}`;
  if (type === 'boolean') return '`true`, `false`';
  return type === 'object' ? 'keys and values' : 'text';
}

function grouped(value: number): string {
  return value.toLocaleString('en');
}

for (const { path, textOf } of outputs) {
  const url = new URL(`../${path}`, import.meta.url);
  const old = readFileSync(url, { encoding: 'utf8', flag: 'a+' });
  const text = textOf(old);
  if (text === old) continue;
  if (process.argv.includes('--check')) {
    console.error(`${path} is not what src/server/config/schema.ts says; run: npm run generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(url, text);
  }
}
