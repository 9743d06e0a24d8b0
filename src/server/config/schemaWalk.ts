import type { z } from 'zod';

/** The shape of a section behind its default, or undefined when `schema` is no section. */
export function sectionShape(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const inner = withoutDefault(schema);
  return inner.def.type === 'object' ? (inner as z.ZodObject<Record<string, z.ZodType>>).shape : undefined;
}

/** 'string', 'number', 'boolean', 'enum', 'object', 'record'. */
export function schemaType(schema: z.ZodType): string {
  return withoutDefault(schema).def.type;
}

/** The keys that exist beside a wrong one at `path`. */
export function keysAt(root: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let schema: z.ZodType | undefined = root;
  for (const key of path) schema = schema === undefined ? undefined : sectionShape(schema)?.[String(key)];
  const shape = schema === undefined ? undefined : sectionShape(schema);
  return shape === undefined ? [] : Object.keys(shape);
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while ('innerType' in inner.def) inner = inner.def.innerType as z.ZodType;
  return inner;
}
