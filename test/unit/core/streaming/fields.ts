import type { FieldSchema } from '../../../../src/core/domain/schema.ts';

/** A field with nothing special but what `extra` says. */
export function field(
  name: string,
  dataType: FieldSchema['dataType'],
  extra: Partial<FieldSchema> = {},
): FieldSchema {
  return {
    fieldId: 0,
    name,
    description: '',
    dataType,
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
    ...extra,
  };
}
