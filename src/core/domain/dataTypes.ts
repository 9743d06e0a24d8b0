/** Milvus's data types by their wire numbers (schema.proto, enum DataType): those this server stores. */
export const DataType = {
  Bool: 1,
  Int8: 2,
  Int16: 3,
  Int32: 4,
  Int64: 5,
  Float: 10,
  Double: 11,
  VarChar: 21,
  Array: 22,
  JSON: 23,
  FloatVector: 101,
} as const;

export type DataType = (typeof DataType)[keyof typeof DataType];

/** The name a user knows a type by. */
export function dataTypeName(dataType: number): string {
  for (const [name, value] of Object.entries(DataType)) {
    if (value === dataType) return name;
  }
  return `DataType(${dataType})`;
}

export function isVectorType(dataType: number): boolean {
  return dataType >= 100 && dataType < 200;
}

export function isIntegerType(dataType: number): boolean {
  return dataType >= DataType.Int8 && dataType <= DataType.Int64;
}

export function isNumericType(dataType: number): boolean {
  return isIntegerType(dataType) || dataType === DataType.Float || dataType === DataType.Double;
}

/** Bytes of one value, or 0 for a type of variable width. */
export function fixedWidthBytes(dataType: number): number {
  switch (dataType) {
    case DataType.Bool:
    case DataType.Int8:
      return 1;
    case DataType.Int16:
      return 2;
    case DataType.Int32:
    case DataType.Float:
      return 4;
    case DataType.Int64:
    case DataType.Double:
      return 8;
    default:
      return 0;
  }
}
