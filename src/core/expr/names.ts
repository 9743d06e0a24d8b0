import { DataType, dataTypeName, isIntegerType, isNumericType, isVectorType } from '../domain/dataTypes.ts';
import { type CollectionSchema, dynamicField, type FieldSchema, fieldByName } from '../domain/schema.ts';
import { failAt } from './filterError.ts';
import { literalShown, literalType } from './fold.ts';
import type { FilterPlan, JsonPath, Literal, NumberKind, NumberOperand, TextOperand } from './plan.ts';

/** What a part of a filter stands for once its names are known. `shown` names it in messages. */
export type Value =
  | { readonly is: 'literal'; readonly value: Literal; readonly shown: string }
  | {
      readonly is: 'number';
      readonly operand: NumberOperand;
      readonly kind: NumberKind;
      readonly shown: string;
    }
  | { readonly is: 'bool'; readonly operand: TextOperand; readonly shown: string }
  | { readonly is: 'text'; readonly operand: TextOperand; readonly shown: string }
  | { readonly is: 'json'; readonly fieldId: number; readonly path: JsonPath; readonly shown: string }
  | { readonly is: 'array'; readonly field: FieldSchema; readonly shown: string }
  | { readonly is: 'vector'; readonly field: FieldSchema; readonly shown: string }
  /** A condition, whose plan is made only when it stands where one may stand. */
  | { readonly is: 'condition'; plan(negated: boolean): FilterPlan; readonly shown: string };

export function literalValue(value: Literal): Value {
  return { is: 'literal', value, shown: `${literalType(value)} ${literalShown(value)}` };
}

/** A declared field with its path, or a key of the dynamic field. Error: `field <name> not exist`. */
export function nameValue(schema: CollectionSchema, name: string, path: JsonPath, offset: number): Value {
  const field = fieldByName(schema, name);
  if (field !== undefined) return fieldValue(field, path, offset);
  const dynamic = dynamicField(schema);
  if (dynamic === undefined) return failAt(offset, `field ${name} not exist`);
  const shown = `dynamic field ${pathShown(name, path)}`;
  return { is: 'json', fieldId: dynamic.fieldId, path: [name, ...path], shown };
}

function pathShown(name: string, path: JsonPath): string {
  return name + path.map((step) => `[${JSON.stringify(step)}]`).join('');
}

function fieldValue(field: FieldSchema, path: JsonPath, offset: number): Value {
  const { fieldId, dataType, name } = field;
  const shown = `${dataTypeName(dataType)} field ${pathShown(name, path)}`;
  if (dataType === DataType.JSON) return { is: 'json', fieldId, path, shown };
  if (path.length === 0) {
    if (dataType === DataType.Array) return { is: 'array', field, shown };
    if (isVectorType(dataType)) return { is: 'vector', field, shown };
    return scalarValue({ op: 'column', fieldId, dataType }, shown);
  }
  const index = path[0];
  if (dataType !== DataType.Array || path.length > 1 || typeof index !== 'number') {
    return failAt(offset, `${shown}: a ${dataTypeName(dataType)} field has no such part`);
  }
  return scalarValue({ op: 'element', fieldId, dataType: elementTypeOf(field), index }, shown);
}

function scalarValue(operand: TextOperand, shown: string): Value {
  const { dataType } = operand;
  if (dataType === DataType.Bool) return { is: 'bool', operand, shown };
  if (isNumericType(dataType)) return { is: 'number', operand, kind: numberKindOf(dataType), shown };
  return { is: 'text', operand, shown };
}

export function elementTypeOf(field: FieldSchema): DataType {
  return field.elementType ?? DataType.Int64;
}

export function numberKindOf(dataType: DataType): NumberKind {
  if (isIntegerType(dataType) || dataType === DataType.Bool) return 'int';
  return dataType === DataType.Float ? 'float' : 'double';
}
