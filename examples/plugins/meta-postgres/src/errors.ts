import { ElanusError, type ErrorKind } from 'elanus/plugin';

/** What the functions in schema.ts raise when a lease has ended. */
export const LEASE_ENDED = 'EL404';

/** SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html), whole or by class, after which nothing happened. */
const KINDS: Readonly<Record<string, ErrorKind>> = {
  [LEASE_ENDED]: 'NotFound',
  '40': 'Unavailable', // a deadlock or a conflict: rolled back
  '53': 'Exhausted', // memory or disk
  '53300': 'Unavailable', // too many connections
  '57014': 'Timeout', // statement_timeout: cancelled and rolled back
  '57P03': 'Unavailable', // starting
  '28': 'Unavailable', // user or password
  '3D': 'Unavailable', // no such database
  XX001: 'Corrupt',
  XX002: 'Corrupt',
};
/** The server said nothing: the connection could not be made. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/** Maps an error of the driver. A write whose connection broke may have happened. The connection string is never named. */
export function postgresError(caught: unknown, operation: string, isWrite: boolean): ElanusError {
  if (caught instanceof ElanusError) return caught;
  const { code = '', message } = caught as { code?: string; message?: string };
  const known = KINDS[code] ?? KINDS[code.slice(0, 2)];
  const happenedNot =
    NOT_CONNECTED.has(code) || /timeout exceeded when trying to connect/.test(message ?? '');
  const kind = known ?? (isWrite && !happenedNot ? 'Unknown' : 'Unavailable');
  return new ElanusError(kind, `PostgreSQL: ${message ?? 'no connection'}`, {
    context: { operation, code },
    cause: caught,
  });
}
