/** Limits of section 11 of Milvus's documentation; the ones an operator may change come in through the configuration. */
export const LIMITS = {
  nameBytesMax: 255,
  fieldsMax: 64,
  vectorFieldsMax: 4,
  dimMin: 2,
  dimMax: 32_768,
  varCharBytesMax: 65_535,
  arrayCapacityMax: 4_096,
  jsonBytesMax: 65_536,
  shardsMax: 16,
  partitionsMax: 1_024,
  partitionKeyPartitionsDefault: 16,
  collectionsMax: 65_536,
  databasesMax: 64,
  topKMax: 16_384,
  queriesMax: 16_384,
  filterDepthMax: 512,
} as const;
