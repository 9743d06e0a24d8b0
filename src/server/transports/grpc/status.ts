import type { ErrorKind, ErrorSubject } from '../../../core/domain/errors.ts';
import { ElanusError } from '../../../core/domain/errors.ts';
import type { ErrorCode } from '../../../gen/milvus/common.ts';
import { ErrorCode as Legacy, Status } from '../../../gen/milvus/common.ts';

/** Milvus's codes (merr) of each kind, the first line for any subject. The only place where errors become codes. */
const CODES: Readonly<Record<ErrorKind, Readonly<Partial<Record<ErrorSubject, number>>> & { any: number }>> =
  {
    NotFound: {
      any: 65_535,
      collection: 100,
      partition: 200,
      channel: 500,
      segment: 600,
      index: 700,
      database: 800,
      parameter: 1_100,
      alias: 1_600,
      field: 1_700,
    },
    AlreadyExists: { any: 65_535, index: 702, alias: 1_602 },
    Conflict: { any: 65_535, collection: 104, alias: 1_601 },
    Invalid: { any: 1_100, database: 802 },
    NotLoaded: { any: 101, partition: 201 },
    SchemaMismatch: { any: 109 },
    Unsupported: { any: 10, parameter: 1_100 },
    Fenced: { any: 2 },
    Closed: { any: 2 },
    Unavailable: { any: 2 },
    Timeout: { any: 10_001 },
    Unknown: { any: 65_535 },
    Truncated: { any: 65_535 },
    TooLarge: { any: 1_102 },
    Exhausted: { any: 12, collection: 102, partition: 250, database: 801 },
    Corrupt: { any: 1_009 },
    Internal: { any: 5 },
  };

/** What was used up, as `context.resource` says it. */
const RESOURCE_CODES: Readonly<Record<string, number>> = { memory: 3, disk: 7, rate: 8, quota: 9 };

/** Codes that Milvus marks as worth another try. */
const RETRIABLE = new Set([1, 2, 4, 8, 12, 103, 106]);

/** What servers before 2.3 answered; everything else is UnexpectedError. */
const LEGACY_CODES: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [1, Legacy.NotReadyServe],
  [3, Legacy.InsufficientMemoryToLoad],
  [7, Legacy.DiskQuotaExhausted],
  [8, Legacy.RateLimit],
  [9, Legacy.ForceDeny],
  [11, Legacy.TimeTickLongDelay],
  [100, Legacy.CollectionNotExists],
  [109, Legacy.SchemaMismatch],
  [200, Legacy.MetaFailed],
  [400, Legacy.MetaFailed],
  [401, Legacy.NoReplicaAvailable],
  [501, Legacy.MetaFailed],
  [503, Legacy.NoReplicaAvailable],
  [600, Legacy.SegmentNotFound],
  [700, Legacy.IndexNotExist],
  [904, Legacy.NodeIDNotMatch],
  [905, Legacy.NoReplicaAvailable],
  [1_100, Legacy.IllegalArgument],
]);

/** The status of a success: all of it zero. */
export function success(): Status {
  return Status.fromPartial({});
}

/** The status of a failure; anything that is no ElanusError counts as Internal. Both codes are set. */
export function failure(caught: unknown): Status {
  const error = ElanusError.from(caught);
  const code = codeOf(error);
  return {
    errorCode: LEGACY_CODES.get(code) ?? Legacy.UnexpectedError,
    reason: error.text,
    code,
    retriable: RETRIABLE.has(code),
    detail: error.text,
    extraInfo: error.kind === 'Invalid' ? { is_input_error: 'true' } : {},
  };
}

function codeOf({ kind, subject, context }: ElanusError): number {
  if (kind === 'Exhausted') {
    const code = RESOURCE_CODES[String(context.resource)];
    if (code !== undefined) return code;
  }
  const codes = CODES[kind];
  return (subject === undefined ? undefined : codes[subject]) ?? codes.any;
}
