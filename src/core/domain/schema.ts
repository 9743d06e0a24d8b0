import { DataType } from './dataTypes.ts';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** A default value or a literal: int64 as bigint, other numbers as number. */
export type ScalarValue = boolean | number | bigint | string;

/** One field. Limits: section 11 of the protocol (dim 2..32768, maxLength 1..65535 bytes, maxCapacity 1..4096). */
export interface FieldSchema {
  /** ≥ 100 for user fields; stable for the life of the collection, never used again. */
  readonly fieldId: number;
  readonly name: string;
  readonly description: string;
  readonly dataType: DataType;
  readonly isPrimaryKey: boolean;
  readonly autoId: boolean;
  readonly isPartitionKey: boolean;
  readonly isClusteringKey: boolean;
  /** The `$meta` JSON field that holds undeclared keys. */
  readonly isDynamic: boolean;
  readonly nullable: boolean;
  readonly defaultValue: ScalarValue | undefined;
  /** Of an Array. */
  readonly elementType: DataType | undefined;
  /** Of a vector, in elements; else 0. */
  readonly dim: number;
  /** Of a VarChar or an Array of VarChar, in bytes; else 0. */
  readonly maxLength: number;
  /** Of an Array, in elements; else 0. */
  readonly maxCapacity: number;
  /** As the user gave them: dim, max_length, max_capacity, mmap.enabled, … */
  readonly typeParams: readonly KeyValue[];
}

export interface CollectionSchema {
  readonly name: string;
  readonly description: string;
  /** In the order of declaration; with enableDynamicField the last one is `$meta`. */
  readonly fields: readonly FieldSchema[];
  readonly enableDynamicField: boolean;
  /** Rises with every schema change; a cached plan is valid for one version. */
  readonly version: number;
}

export const DYNAMIC_FIELD_NAME = '$meta';
export const FIELD_ID_FIRST = 100;
/** Of the system column of insert timestamps; 0 and 1 are no user field's. */
export const TIMESTAMP_FIELD_ID = 1;

/** A plain Int64 field, for columns that the server makes itself and no user declared. */
export function int64Field(fieldId: number, name: string): FieldSchema {
  return {
    fieldId,
    name,
    description: '',
    dataType: DataType.Int64,
    isPrimaryKey: false,
    autoId: false,
    isPartitionKey: false,
    isClusteringKey: false,
    isDynamic: false,
    nullable: false,
    defaultValue: undefined,
    elementType: undefined,
    dim: 0,
    maxLength: 0,
    maxCapacity: 0,
    typeParams: [],
  };
}

export function fieldByName(schema: CollectionSchema, name: string): FieldSchema | undefined {
  return schema.fields.find((field) => field.name === name);
}

export function fieldById(schema: CollectionSchema, fieldId: number): FieldSchema | undefined {
  return schema.fields.find((field) => field.fieldId === fieldId);
}

export function primaryKeyField(schema: CollectionSchema): FieldSchema {
  return schema.fields.find((field) => field.isPrimaryKey)!;
}

export function dynamicField(schema: CollectionSchema): FieldSchema | undefined {
  return schema.fields.find((field) => field.isDynamic);
}
