import { fieldsOf, RPCS } from './protocol.ts';
import { compatibilityRows, type Row } from './table.ts';

/** The rows of docs/compatibility.md, and what follows from them. */
export const ROWS = compatibilityRows();
/** By kind and what: `field Search.nq`. */
export const BY_NAME: ReadonlyMap<string, Row> = new Map(ROWS.map((row) => [`${row.kind} ${row.what}`, row]));
export const BUILT = ROWS.filter(({ treatment }) => treatment === 'built').map(({ what }) => what);

/** Fields of the request of an RPC, with their types. */
export function requestFields(rpc: string): Readonly<Record<string, string>> {
  return fieldsOf(`milvus.${RPCS.get(rpc)!.requestType}`);
}

/** The built RPCs that the row `*.field` is about: those that have the field and no row of their own for it. */
export function rpcsBehind(field: string): string[] {
  return BUILT.filter((rpc) => field in requestFields(rpc) && !BY_NAME.has(`field ${rpc}.${field}`));
}

/** The row that says what happens to a field, `Search.nq`. */
export function rowOfField(field: string): Row | undefined {
  return BY_NAME.get(`field ${field}`) ?? BY_NAME.get(`field *.${field.split('.')[1]}`);
}

/** What stands in the rows of one kind, sorted. */
export function named(kind: string, where: (row: Row) => boolean = () => true): string[] {
  return ROWS.filter((row) => row.kind === kind && where(row))
    .map(({ what }) => what)
    .toSorted();
}
