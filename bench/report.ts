import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import type { Measured } from './figures/figure.ts';
import { goals } from './figures/goals.ts';

/** What one system gave for each figure; a figure that failed or was not run has a text. */
export interface SystemResult {
  readonly name: string;
  readonly isElanus: boolean;
  readonly measured: Record<string, Measured>;
  readonly failures: Readonly<Record<string, string>>;
  /** Why it was not run at all. */
  readonly notRun: string | undefined;
}

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryBytes: number;
  readonly node: string;
  readonly system: string;
  readonly disk: string;
  /** Mean number of runnable threads in the five minutes before the run: above 0.2 others were at work. */
  readonly loadBefore: number;
}

export function machineOf(folder: string): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    cpu: processors[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    node: process.version,
    system: execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim(),
    loadBefore: loadavg()[1]!,
    disk: execFileSync('df', ['--output=source,fstype', folder], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .at(-1)!,
  };
}

export function machineText({ cores, cpu, node, system, disk, memoryBytes, loadBefore }: Machine): string {
  return `${cores} × ${cpu}, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, disk ${disk}, ${system}, Node ${node}, load before the run ${loadBefore.toFixed(1)}`;
}

/** The table as Markdown: one line a figure that any system gave. */
export function table(results: readonly SystemResult[]): string {
  const run = results.filter(({ notRun }) => notRun === undefined);
  const head = ['figure', 'goal', 'met', ...run.map(({ name }) => name)];
  const lines = [row(head), row(head.map(() => '---'))];
  for (const key of Object.keys(goals)) {
    if (!run.some(({ measured }) => measured[key] !== undefined)) continue;
    const { title, unit, goal } = goals[key]!;
    const cells = run.map(({ measured }) => numberText(measured[key]?.value));
    lines.push(
      row([unit === '' ? title : `${title} (${unit})`, goal ?? '', metText(key, results), ...cells]),
    );
  }
  return lines.join('\n');
}

/** Whether Elanus meets a goal: undefined when it was not measured or has none. */
export function isMet(key: string, results: readonly SystemResult[]): boolean | undefined {
  const elanus = results.find(({ isElanus }) => isElanus);
  const milvus = results.find(({ name }) => name.startsWith('Milvus 2'));
  const { meets } = goals[key]!;
  if (meets === undefined || elanus?.measured[key] === undefined) return undefined;
  const of = (result: SystemResult | undefined) => (other: string) =>
    result?.measured[other]?.value ?? Number.NaN;
  return meets(of(elanus), of(milvus));
}

function metText(key: string, results: readonly SystemResult[]): string {
  const met = isMet(key, results);
  return met === undefined ? '' : met ? 'yes' : '**no**';
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function numberText(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 3).replace(/\.?0+$/, '');
}

/** What the table leaves out: details, failures, and systems that were not run. */
export function notes(results: readonly SystemResult[]): string {
  const lines: string[] = [];
  for (const { name, measured, failures, notRun } of results) {
    if (notRun !== undefined) lines.push(`${name}: not run: ${notRun}`);
    for (const { key, detail } of Object.values(measured))
      if (detail !== undefined && detail !== '')
        lines.push(`${name}: ${goals[key]!.title}: ${detail.replace(/^, /, '')}`);
    for (const [figure, why] of Object.entries(failures)) lines.push(`${name}: ${figure} failed: ${why}`);
  }
  return lines.map((line) => `- ${line}`).join('\n');
}
