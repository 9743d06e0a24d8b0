import { DataType, dataTypeName } from '../../../../core/domain/dataTypes.ts';
import { invalid } from '../../../../core/domain/errors.ts';

/** Field numbers of the messages that carry columns (schema.proto). */
export const FIELD_DATA = {
  type: 1,
  fieldName: 2,
  scalars: 3,
  vectors: 4,
  fieldId: 5,
  isDynamic: 6,
  validData: 7,
} as const;

/** `validData` is where newer clients put what FieldData.valid_data holds. */
export const SCALAR_FIELD = { validData: 17 } as const;
export const VECTOR_FIELD = { dim: 1, floatVector: 2, validData: 9 } as const;
export const ARRAY_ARRAY = { data: 1, elementType: 2 } as const;
export const IDS = { intId: 1, strId: 2 } as const;

/** `data` of BoolArray, IntArray, …, StringArray, JSONArray. */
export const ARRAY_DATA = 1;

/** The member of ScalarField that carries a type. Errors: Invalid for a type that is no scalar of ours. */
export function slotOf(dataType: DataType, what: string): number {
  switch (dataType) {
    case DataType.Bool:
      return 1;
    case DataType.Int8:
    case DataType.Int16:
    case DataType.Int32:
      return 2;
    case DataType.Int64:
      return 3;
    case DataType.Float:
      return 4;
    case DataType.Double:
      return 5;
    case DataType.VarChar:
      return 6;
    case DataType.Array:
      return 8;
    case DataType.JSON:
      return 9;
    default:
      throw invalid(`${what} has the type ${dataTypeName(dataType)}, which is not supported`);
  }
}
