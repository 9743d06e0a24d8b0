import type { Templates } from '../../../../core/access/requests.ts';
import { ElanusError, invalid } from '../../../../core/domain/errors.ts';
import type { TemplateValue } from '../../../../core/expr/parseFilter.ts';
import type {
  TemplateValue as WireTemplate,
  TemplateArrayValue as WireTemplateArray,
} from '../../../../gen/milvus/schema.ts';
import { repeatedNumbers } from './packedNumbers.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });
const NONE: Templates = new Map();

/** Values of a filter's placeholders. Errors: Invalid for a value of a kind that no filter takes. */
export function templatesOf(values: { readonly [name: string]: WireTemplate }): Templates {
  const entries = Object.entries(values);
  if (entries.length === 0) return NONE;
  return new Map(entries.map(([name, value]) => [name, templateValue(name, value)]));
}

function templateValue(name: string, value: WireTemplate): TemplateValue {
  const plain = value.boolVal ?? value.int64Val ?? value.floatVal ?? value.stringVal;
  if (plain !== undefined) return plain;
  if (value.arrayVal !== undefined) return checkedList(name, value.arrayVal);
  throw invalid(
    `the value of expression template variable ${name} is empty or of a kind that is not supported`,
  );
}

/** Numbers lie in it as bytes that nobody has looked at yet. */
function checkedList(name: string, list: WireTemplateArray): readonly TemplateValue[] {
  try {
    return templateList(name, list);
  } catch (caught) {
    if (caught instanceof ElanusError) throw caught;
    throw invalid(`the list of expression template variable ${name} is no valid message: ${String(caught)}`);
  }
}

function templateList(name: string, list: WireTemplateArray): readonly TemplateValue[] {
  if (list.boolData !== undefined) return repeatedNumbers(list.boolData, (reader) => reader.bool());
  if (list.longData !== undefined) return repeatedNumbers(list.longData, (reader) => BigInt(reader.int64()));
  if (list.doubleData !== undefined) return repeatedNumbers(list.doubleData, (reader) => reader.double());
  if (list.stringData !== undefined) return list.stringData.data;
  if (list.arrayData !== undefined) return list.arrayData.data.map((inner) => templateList(name, inner));
  if (list.jsonData !== undefined) return list.jsonData.data.map((json) => jsonValue(name, json));
  return [];
}

function jsonValue(name: string, json: Uint8Array): TemplateValue {
  try {
    return literal(JSON.parse(decoder.decode(json)));
  } catch (caught) {
    throw invalid(`the value of expression template variable ${name} is invalid JSON: ${String(caught)}`);
  }
}

function literal(value: unknown): TemplateValue {
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  throw new TypeError(`${JSON.stringify(value)} is neither a number, a text, a boolean nor a list`);
}
