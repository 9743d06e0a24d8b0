import type { Column } from '../domain/columns.ts';
import type { FieldSchema, KeyValue } from '../domain/schema.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { TemplateValue } from '../expr/parseFilter.ts';

/** Requests and replies of the data path as plain data; a transport turns its own messages into these and back. */

/** Values of `{name}` placeholders of a filter. */
export type Templates = ReadonlyMap<string, TemplateValue>;

/** One column as a client sent it. */
export interface IncomingField {
  readonly name: string;
  /** The wire number of its type. */
  readonly dataType: number;
  readonly isDynamic: boolean;
  /**
   * The column in our form, of `field`'s type: `rows` rows with null rows in place, or, when the client sent another
   * number, as many as it sent. Integers may stay wider than the field: the range is checked behind it.
   * Errors: Invalid (malformed bytes).
   */
  decode(field: FieldSchema, rows: number): Column;
}

export interface CollectionTarget {
  readonly databaseName: string;
  /** A name or an alias. */
  readonly collectionName: string;
}

export interface InsertRequest extends CollectionTarget {
  /** Empty = `_default`, or by partition key. */
  readonly partitionName: string;
  readonly rows: number;
  readonly fields: readonly IncomingField[];
  /** 0n = unknown. */
  readonly schemaTimestamp: Timestamp;
}

export interface UpsertRequest extends InsertRequest {
  readonly partialUpdate: boolean;
}

/** What a client asked for in a read; see consistency.ts. */
export interface ReadConsistency {
  readonly level: number;
  readonly useDefault: boolean;
  readonly guaranteeTs: Timestamp;
}

export interface DeleteRequest extends CollectionTarget {
  /** Empty = all partitions. */
  readonly partitionName: string;
  readonly filter: string;
  readonly templates: Templates;
  readonly consistency: ReadConsistency;
}

export interface MutationReply {
  /** Keys of the rows in their order; undefined for a delete. */
  readonly keys: Column | undefined;
  /** Rows of the request; all of them succeeded. */
  readonly rows: number;
  readonly insertCount: number;
  readonly deleteCount: number;
  readonly upsertCount: number;
  readonly timestamp: Timestamp;
}

interface ReadRequest extends CollectionTarget {
  readonly partitionNames: readonly string[];
  readonly filter: string;
  readonly templates: Templates;
  /** Search or query parameters as they came. */
  readonly params: readonly KeyValue[];
  readonly outputFields: readonly string[];
  readonly consistency: ReadConsistency;
}

/** `count` vectors, row-major, or the keys of stored rows whose vectors are meant. */
export type SearchTargets =
  | { readonly kind: 'vectors'; readonly count: number; readonly values: Float32Array }
  | { readonly kind: 'keys'; readonly keys: Column };

export interface SearchRequest extends ReadRequest {
  readonly targets: SearchTargets;
}

export interface HybridSearchRequest extends CollectionTarget {
  /** Each with its own vector field, filter and limit; their consistency and output fields are not looked at. */
  readonly searches: readonly SearchRequest[];
  readonly partitionNames: readonly string[];
  readonly rankParams: readonly KeyValue[];
  readonly outputFields: readonly string[];
  readonly consistency: ReadConsistency;
}

export type QueryRequest = ReadRequest;

export interface OutputColumn {
  readonly field: FieldSchema;
  readonly column: Column;
}

export interface SearchReply {
  readonly collectionName: string;
  readonly primaryFieldName: string;
  readonly queryCount: number;
  /** Hits asked for a query. */
  readonly topK: number;
  /** Hits of each query; keys, scores and columns are flat over all queries. */
  readonly counts: Uint32Array;
  /** As a client sees them (L2: squared distance, smaller is better). */
  readonly scores: Float32Array;
  readonly keys: Column;
  readonly columns: readonly OutputColumn[];
  /** Names for the reply's `output_fields`. */
  readonly outputFields: readonly string[];
  /** > 0. */
  readonly sessionTs: Timestamp;
  readonly iterator: { readonly token: string; readonly lastBound: number } | undefined;
}

export interface QueryReply {
  readonly collectionName: string;
  readonly primaryFieldName: string;
  readonly rows: number;
  readonly columns: readonly OutputColumn[];
  readonly outputFields: readonly string[];
  /** > 0. */
  readonly sessionTs: Timestamp;
}
