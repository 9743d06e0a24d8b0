import { z } from 'zod';
import { configSchema } from './schema.ts';
import { isRecord, isSizeKey, SIZE_PATTERN } from './sizes.ts';

/** The JSON Schema of elanus.yaml, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
  return {
    ...(withSizeTexts(schema) as Record<string, unknown>),
    title: 'Configuration of Elanus (elanus.yaml)',
  };
}

/** Sizes may be texts too, which the loader turns into numbers before zod sees them. */
function withSizeTexts(node: unknown, key = ''): unknown {
  if (Array.isArray(node)) return node.map((item) => withSizeTexts(item));
  if (!isRecord(node)) return node;
  if (isSizeKey(key) && node.type === 'integer') {
    const { type, minimum, maximum, ...rest } = node;
    return {
      anyOf: [
        { type, minimum, maximum },
        { type: 'string', pattern: SIZE_PATTERN },
      ],
      ...rest,
    };
  }
  return Object.fromEntries(Object.entries(node).map(([name, inner]) => [name, withSizeTexts(inner, name)]));
}
