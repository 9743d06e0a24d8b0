/**
 * Everything that must hold, step by step: `npm test`. Each step is an npm script of its own. Goes on after a failed step, prints
 * the time of each and closes with what failed and `N passed, N failed`. Arguments choose steps: `npm test -- check:types test:unit`.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { build } from './build.ts';

interface Step {
  readonly script: string;
  /** What it runs; the step is left out, and said so, while this does not exist. */
  readonly needs: string;
  readonly needsBuild?: true;
}

const STEPS: readonly Step[] = [
  { script: 'check:generated', needs: 'scripts/generate.ts' },
  { script: 'check:schema', needs: 'scripts/configSchema.ts' },
  { script: 'check:types', needs: 'tsconfig.json' },
  { script: 'check:lint', needs: 'biome.json' },
  { script: 'check:imports', needs: 'test/unit/tidy.test.ts' },
  { script: 'check:knip', needs: 'knip.json' },
  { script: 'test:unit', needs: 'test/unit', needsBuild: true },
  { script: 'test:kits', needs: 'test/kits', needsBuild: true },
  { script: 'test:readme', needs: 'test/readme', needsBuild: true },
  { script: 'test:package', needs: 'test/package', needsBuild: true },
  { script: 'test:crash', needs: 'test/crash/run.ts', needsBuild: true },
  { script: 'test:protocol', needs: 'conformance/protocol/run.ts', needsBuild: true },
  { script: 'test:roles', needs: 'conformance/protocol/run.ts', needsBuild: true },
];

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Lines of a step's output that say what failed: of vitest, pytest, node:test, the crash test and thrown errors. */
const FAILURE = /^\s*(FAIL|FAILED|ERROR|not ok|(Assertion|Type|Elanus)?Error\b.*:|E {2,}\S)/;
const FAILURES_SHOWN_MAX = 20;

interface Outcome {
  readonly script: string;
  readonly passed: boolean;
  readonly failures: readonly string[];
  readonly seconds: number;
}

function isThere({ script, needs }: Step): boolean {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    scripts: Record<string, string>;
  };
  if (scripts[script] === undefined) throw new Error(`package.json has no script ${script}`);
  return existsSync(ROOT + needs);
}

function run(script: string, failures: string[]): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const child = spawn('npm', ['run', '--silent', script], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.pipe(to, { end: false });
    createInterface(from).on('line', (line) => {
      const text = stripVTControlCharacters(line);
      if (FAILURE.test(text) && failures.length < FAILURES_SHOWN_MAX) failures.push(text.trim());
    });
  }
  child.once('error', reject);
  child.once('close', (code) => resolve(code === 0));
  return promise;
}

async function outcomeOf(step: Step): Promise<Outcome> {
  console.log(`\n== ${step.script}`);
  const startMs = performance.now();
  const failures: string[] = [];
  let passed: boolean;
  try {
    if (step.needsBuild) await build(false);
    passed = await run(step.script, failures);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    passed = false;
  }
  return { script: step.script, passed, failures, seconds: (performance.now() - startMs) / 1000 };
}

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !STEPS.some(({ script }) => script === name));
if (unknown.length > 0) throw new Error(`no such step: ${unknown.join(', ')}`);
const wanted = STEPS.filter(({ script }) => chosen.length === 0 || chosen.includes(script));
const missing = wanted.filter((step) => !isThere(step));

const outcomes: Outcome[] = [];
for (const step of wanted) {
  if (!missing.includes(step)) outcomes.push(await outcomeOf(step));
}

console.log('');
for (const { script, passed, seconds } of outcomes) {
  console.log(`${passed ? 'passed' : 'FAILED'}  ${seconds.toFixed(1).padStart(6)} s  ${script}`);
}
for (const { script, failures } of outcomes.filter(({ passed }) => !passed)) {
  console.log(`\nfailed in ${script}:`);
  for (const failure of failures) console.log(`  ${failure.slice(0, 300)}`);
}
for (const { script, needs } of missing) console.log(`not there yet     ${script} (${needs})`);
const failed = outcomes.filter(({ passed }) => !passed).length;
console.log(`\n${outcomes.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && outcomes.length > 0 ? 0 : 1;
