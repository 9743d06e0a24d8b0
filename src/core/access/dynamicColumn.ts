import type { BytesColumn } from '../domain/columns.ts';
import { isValid } from '../domain/columns.ts';
import { invalid } from '../domain/errors.ts';
import type { CollectionSchema, FieldSchema } from '../domain/schema.ts';
import { DYNAMIC_FIELD_NAME } from '../domain/schema.ts';
import { withNullsReplaced } from './fillColumn.ts';
import { JsonScanner } from './jsonScanner.ts';

const encoder = new TextEncoder();
const scanner = new JsonScanner();

/**
 * The `$meta` column with null rows as `{}`. Every row is a JSON object without the key `$meta` and without the name of a
 * declared field. The column's JSON is valid already. Errors: Invalid, naming key and row.
 */
export function checkedDynamic(
  schema: CollectionSchema,
  field: FieldSchema,
  column: BytesColumn,
): BytesColumn {
  const reserved = new ReservedKeys(schema);
  for (let row = 0; row < column.rows; row++) {
    if (!isValid(column.validity, row)) continue;
    scanner.scan(column.bytes, column.offsets[row]!, column.offsets[row + 1]!);
    if (!scanner.isObject) {
      throw invalid(`the dynamic field ${DYNAMIC_FIELD_NAME} must hold a JSON object, row number: ${row}`);
    }
    const key = reserved.find(column.bytes);
    if (key === DYNAMIC_FIELD_NAME) {
      throw invalid(`the dynamic field must not contain the key ${DYNAMIC_FIELD_NAME}, row number: ${row}`);
    }
    if (key !== undefined) {
      throw invalid(`dynamic key ${key} is the name of a declared field, row number: ${row}`);
    }
  }
  return withNullsReplaced(field, column, '{}') as BytesColumn;
}

/** Names no dynamic key may have, compared as bytes so that a row costs no strings. */
class ReservedKeys {
  readonly #names: readonly string[];
  readonly #encoded: readonly Uint8Array[];

  constructor(schema: CollectionSchema) {
    this.#names = [
      ...schema.fields.filter((field) => !field.isDynamic).map(({ name }) => name),
      DYNAMIC_FIELD_NAME,
    ];
    this.#encoded = this.#names.map((name) => encoder.encode(name));
  }

  /** The first reserved key among the members of the scanner's last scan of `bytes`. */
  find(bytes: Uint8Array): string | undefined {
    const { members } = scanner;
    for (let i = 0; i < members.keyStart.length; i++) {
      const index = members.keyEscaped[i]!
        ? this.#names.indexOf(scanner.keyText(i))
        : this.#indexOf(bytes, members.keyStart[i]!, members.keyEnd[i]!);
      if (index >= 0) return this.#names[index];
    }
    return undefined;
  }

  #indexOf(bytes: Uint8Array, start: number, end: number): number {
    for (let i = 0; i < this.#encoded.length; i++) {
      const name = this.#encoded[i]!;
      if (name.length === end - start && equalBytes(bytes, start, name)) return i;
    }
    return -1;
  }
}

function equalBytes(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}

/**
 * Row by row, the members of `over` put on those of `under`: keys of `over` win. Values keep their text, so that no
 * number loses digits. Both hold valid JSON objects.
 */
export function mergedObjects(under: BytesColumn, over: BytesColumn): BytesColumn {
  const parts: Uint8Array[] = [];
  const offsets = new Uint32Array(over.rows + 1);
  for (let row = 0; row < over.rows; row++) {
    const members = new Map<string, Uint8Array>();
    addMembers(members, under, row);
    addMembers(members, over, row);
    const part = joinMembers(members);
    parts.push(part);
    offsets[row + 1] = offsets[row]! + part.length;
  }
  const bytes = new Uint8Array(offsets[over.rows]!);
  for (let row = 0; row < over.rows; row++) bytes.set(parts[row]!, offsets[row]!);
  return { ...over, offsets, bytes, validity: undefined };
}

function addMembers(into: Map<string, Uint8Array>, column: BytesColumn, row: number): void {
  scanner.scan(column.bytes, column.offsets[row]!, column.offsets[row + 1]!);
  const { valueStart, valueEnd } = scanner.members;
  for (let i = 0; i < valueStart.length; i++) {
    into.set(scanner.keyText(i), column.bytes.subarray(valueStart[i]!, valueEnd[i]!));
  }
}

function joinMembers(members: Map<string, Uint8Array>): Uint8Array {
  const pieces: Uint8Array[] = [];
  let separator = '{';
  for (const [key, value] of members) {
    pieces.push(encoder.encode(`${separator}${JSON.stringify(key)}:`), value);
    separator = ',';
  }
  pieces.push(encoder.encode(members.size === 0 ? '{}' : '}'));
  const joined = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
