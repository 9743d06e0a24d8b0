import type { Counter } from '../../core/ports/metrics.ts';
import type { MetricsRegistry } from './metricsRegistry.ts';

/** As the gRPC server tells it. */
interface Outcome {
  readonly status: string;
  readonly seconds: number;
  readonly reply: unknown;
}

type AddTo = (value: number) => void;

/** Which count of its reply says how many rows a call changed. */
const ROW_COUNTS: Readonly<Record<string, { readonly change: string; readonly field: string }>> = {
  Insert: { change: 'inserted', field: 'insertCnt' },
  Upsert: { change: 'upserted', field: 'upsertCnt' },
  Delete: { change: 'deleted', field: 'deleteCnt' },
};

/** Calls by RPC and status, their time, and the rows they changed. A series comes into being with its first call. */
export function callMetrics(metrics: MetricsRegistry): (rpc: string) => (outcome: Outcome) => void {
  const rows = metrics.counter('elanus_rows_total', 'Rows that clients inserted, upserted or deleted.');
  return (rpc) => {
    const counts = new Map<string, AddTo>();
    let observe: AddTo | undefined;
    return ({ status, seconds, reply }) => {
      observe ??= metrics.histogramSeries('elanus_rpc_seconds', 'Time from request to reply.', { rpc });
      observe(seconds);
      let add = counts.get(status);
      if (add === undefined) {
        add = metrics.counterSeries('elanus_rpcs_total', 'Calls by outcome; status 0 is success.', {
          rpc,
          status,
        });
        counts.set(status, add);
      }
      add(1);
      if (status === '0' && rpc in ROW_COUNTS) countRows(rows, rpc, reply);
    };
  };
}

function countRows(rows: Counter, rpc: string, reply: unknown): void {
  const { change, field } = ROW_COUNTS[rpc]!;
  rows.add(Number((reply as Readonly<Record<string, unknown>>)[field] ?? 0), { change });
}
