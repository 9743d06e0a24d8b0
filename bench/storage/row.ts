import type { Comparison, Rates } from './comparison.ts';

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly adapter: number;
  /** The bare loop's; undefined = there is none to compare with. */
  readonly bare?: number;
  /** Undefined = a fact without a goal. */
  readonly goal?: { readonly text: string; readonly isMet: boolean };
}

export const RATE_SHARE_MIN = 0.7;
export const P99_FACTOR_MAX = 1.5;

export type Rate = 'MB/s' | 'calls/s';

export interface RowGoals {
  readonly rate: Rate;
  /** Also of the median, which has no goal by default. */
  readonly p50FactorMax?: number;
}

/** p50, p99 and the rate of one comparison, against the goals that all adapters have. */
export function rowsOf(
  what: string,
  { adapter, bare }: Comparison,
  { rate, p50FactorMax }: RowGoals,
): readonly Row[] {
  const atMost = (key: keyof Rates & `p${string}Ms`, name: string, factorMax: number | undefined): Row => {
    const values = { adapter: adapter[key], bare: bare[key] };
    return {
      what: `${what}: ${name}`,
      unit: 'ms',
      ...values,
      ...(factorMax !== undefined && {
        goal: { text: `≤ ${factorMax} × bare`, isMet: values.adapter <= factorMax * values.bare },
      }),
    };
  };
  const key = rate === 'MB/s' ? 'megabytesPerSecond' : 'callsPerSecond';
  return [
    atMost('p50Ms', 'p50', p50FactorMax),
    atMost('p99Ms', 'p99', P99_FACTOR_MAX),
    {
      what: `${what}: rate`,
      unit: rate,
      adapter: adapter[key],
      bare: bare[key],
      goal: {
        text: `≥ ${RATE_SHARE_MIN * 100} % of bare`,
        isMet: adapter[key] >= RATE_SHARE_MIN * bare[key],
      },
    },
  ];
}

/** As Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ what, unit, goal, adapter, bare }) =>
    line([
      `${what} (${unit})`,
      goal?.text ?? '',
      goal === undefined ? '' : goal.isMet ? 'yes' : '**no**',
      numberText(adapter),
      bare === undefined ? '–' : numberText(bare),
      bare === undefined ? '–' : (adapter / bare).toFixed(2),
    ]),
  );
  const head = ['what', 'goal', 'met', 'adapter', 'bare', 'ratio'];
  return [line(head), line(head.map(() => '---')), ...lines].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function numberText(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 3).replace(/\.?0+$/, '');
}
