/** One line of the table. */
export interface Goal {
  readonly title: string;
  readonly unit: string;
  /** As printed; undefined = a fact without a goal. */
  readonly goal?: string;
  /** `of(key)` is Elanus's value, `milvus(key)` Milvus's of the same run; NaN where there is none, and then it is not met. */
  readonly meets?: (of: (key: string) => number, milvus: (key: string) => number) => boolean;
}

const MB = 'MB';
const MS = 'ms';
const ROWS_PER_SECOND = 'rows/s';
export const SHARES = [0.001, 0.01, 0.1, 0.5, 0.99] as const;

/** Filters that pass so few rows must not cost much. */
export function isSelective(share: number): boolean {
  return share <= 0.1;
}

function atMost(key: string, limit: number): NonNullable<Goal['meets']> {
  return (of) => of(key) <= limit;
}

function filtered(share: number): Record<string, Goal> {
  const percent = `${share * 100} %`;
  const key = `filtered${share}Qps`;
  const ofUnfiltered: Record<string, Goal> = {
    [`filtered${share}Share`]: {
      title: `the same, share of the QPS without a filter, in turns`,
      unit: '%',
      goal: '≥ 80',
      meets: (of) => of(`filtered${share}Share`) >= 80,
    },
  };
  return {
    [`filtered${share}Recall`]: {
      title: `recall@10, filter that passes ${percent}`,
      unit: '',
      goal: '≥ .98',
      meets: (of) => of(`filtered${share}Recall`) >= 0.98,
    },
    [`filtered${share}Qps`]: {
      title: `search, 16 in flight, filter that passes ${percent}`,
      unit: 'QPS',
      goal: '≥ 2 × Milvus',
      meets: (of, milvus) => of(key) >= 2 * milvus(key),
    },
    ...(isSelective(share) ? ofUnfiltered : {}),
  };
}

/** By the key that figures give. */
export const goals: Readonly<Record<string, Goal>> = {
  start: { title: 'exec to first answered search', unit: MS, goal: '≤ 300', meets: atMost('start', 300) },
  idleMemory: { title: 'idle memory (Pss)', unit: MB, goal: '≤ 85', meets: atMost('idleMemory', 85) },
  idleCpu: { title: 'idle processor time', unit: '%', goal: '≤ 0.1', meets: atMost('idleCpu', 0.1) },
  insertRate: {
    title: 'durable insert, batches of 1,000, 4 connections',
    unit: ROWS_PER_SECOND,
    goal: '≥ 65,000',
    meets: (of) => of('insertRate') >= 65_000,
  },
  bareP50: { title: 'bare write + fdatasync of one row, p50', unit: MS },
  bareP99: { title: 'bare write + fdatasync of one row, p99', unit: MS },
  singleP50: {
    title: '1-row durable insert, one client, p50',
    unit: MS,
    goal: '≤ 2 × bare',
    meets: (of) => of('singleP50') <= 2 * of('bareP50'),
  },
  singleP99: {
    title: '1-row durable insert, one client, p99',
    unit: MS,
    goal: '≤ 2 × bare',
    meets: (of) => of('singleP99') <= 2 * of('bareP99'),
  },
  singleRate: {
    title: '1-row durable insert, 16 in flight',
    unit: ROWS_PER_SECOND,
    goal: '≥ 5,000',
    meets: (of) => of('singleRate') >= 5_000,
  },
  flush: { title: 'flush after 10,000 rows, p99', unit: MS, goal: '≤ 20', meets: atMost('flush', 20) },
  bareObjects: { title: "bare write + fsync of these objects' bytes", unit: MS },
  objects: {
    title: 'objects of 10,000 flushed rows written',
    unit: MS,
    goal: '≤ 3 × bare',
    meets: (of) => of('objects') <= 3 * of('bareObjects'),
  },
  ready: {
    title: 'insert to flushed, indexed and loaded, all rows',
    unit: 's',
    goal: '≤ 10',
    meets: atMost('ready', 10),
  },
  searchRecall: {
    title: 'recall@10, ef 64',
    unit: '',
    goal: '≥ .98',
    meets: (of) => of('searchRecall') >= 0.98,
  },
  searchP50: {
    title: 'search, one client, p50',
    unit: MS,
    goal: '≤ 0.4',
    meets: atMost('searchP50', 0.4),
  },
  searchP99: { title: 'search, one client, p99', unit: MS, goal: '≤ 2', meets: atMost('searchP99', 2) },
  searchQps: {
    title: 'search, 16 in flight',
    unit: 'QPS',
    goal: '≥ 4,500 and ≥ 3 × Milvus',
    meets: (of, milvus) => of('searchQps') >= 4_500 && of('searchQps') >= 3 * milvus('searchQps'),
  },
  ...filtered(0.001),
  ...filtered(0.01),
  ...filtered(0.1),
  ...filtered(0.5),
  ...filtered(0.99),
  strongMisses: {
    title: 'Strong search after a 1-row insert, misses',
    unit: '',
    goal: '0',
    meets: atMost('strongMisses', 0),
  },
  strong: {
    title: 'Strong search after a 1-row insert, p50',
    unit: MS,
    goal: '≤ 1',
    meets: atMost('strong', 1),
  },
  restart: {
    title: 'restart after kill -9, all rows, to the first right answer',
    unit: 's',
    goal: '≤ 1',
    meets: atMost('restart', 1),
  },
  mixed: {
    title: 'search while 1,000 rows/s are inserted, share of the quiet QPS',
    unit: '%',
    goal: '≥ 80',
    meets: (of) => of('mixed') >= 80,
  },
  loadedMemory: {
    title: 'memory with the set loaded (Pss)',
    unit: MB,
    goal: '≤ 300',
    meets: atMost('loadedMemory', 300),
  },
  smallMemory: {
    title: '1,000 small collections, loaded: memory more (Pss)',
    unit: MB,
    goal: '≤ 100',
    meets: atMost('smallMemory', 100),
  },
  smallRestart: {
    title: '1,000 small collections: restart to all answering',
    unit: 's',
    goal: '≤ 2',
    meets: atMost('smallRestart', 2),
  },
};
