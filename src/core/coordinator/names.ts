import type { ErrorSubject } from '../domain/errors.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Milvus lets a partition name start with a digit and contain a dash. */
const PARTITION_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/;

/** Words of the filter language. */
const KEYWORDS = new Set(['and', 'or', 'not', 'in', 'like', 'exists', 'is', 'null', 'true', 'false']);
const SYSTEM_FIELDS = new Set(['RowID', 'Timestamp', '$meta', '$namespace_id']);

const encoder = new TextEncoder();

type NameKind = 'collection' | 'alias' | 'partition' | 'field' | 'index' | 'database';

/** 1..255 bytes; a letter or underscore, then letters, digits, underscores. Error: Invalid, naming kind and value. */
export function checkName(kind: NameKind, name: string): void {
  const pattern = kind === 'partition' ? PARTITION_NAME : IDENTIFIER;
  const fault = nameFault(name, pattern);
  if (fault === undefined) return;
  const shown = name.length > LIMITS.nameBytesMax ? `${name.slice(0, 64)}…` : name;
  const subject: ErrorSubject = kind === 'database' ? 'database' : 'parameter';
  throw new ElanusError('Invalid', `Invalid ${kind} name: ${shown}. ${fault}`, { subject });
}

/** As checkName, and neither a word of the filter language nor the name of a system field. */
export function checkFieldName(name: string): void {
  if (SYSTEM_FIELDS.has(name)) {
    throw invalid('a field cannot have the name of a system field', { field: name });
  }
  checkName('field', name);
  if (KEYWORDS.has(name.toLowerCase())) {
    throw invalid('a field cannot be named by a keyword of the filter language', { field: name });
  }
}

function nameFault(name: string, pattern: RegExp): string | undefined {
  if (name === '') return 'The name must not be empty';
  const bytes = encoder.encode(name).length;
  if (bytes > LIMITS.nameBytesMax) {
    return `The length of the name must be at most ${LIMITS.nameBytesMax} bytes, it is ${bytes}`;
  }
  if (pattern.test(name)) return undefined;
  return pattern.test(name[0]!)
    ? 'The name can only contain letters, numbers and underscores'
    : 'The first character of the name must be an underscore or letter';
}
