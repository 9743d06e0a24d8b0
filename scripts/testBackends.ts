/**
 * `npm run test:backends`: every kit on every adapter, on real servers. Prints what ran on which version, and why not where
 * a server is missing (`npm run servers` installs them); closes with `N passed, N failed, N not run`. Arguments choose files:
 * `npm run test:backends -- object-s3`. With CI=true all servers are installed first; one that cannot be, or does not run, is
 * a failure.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startVitest, type TestCase, type TestModule, type TestSuite } from 'vitest/node';
import { SERVERS } from './servers/all.ts';
import type { ServerDefinition } from './servers/definition.ts';
import { notInstalled } from './servers/installed.ts';

const INSTALL = fileURLToPath(new URL('./servers/install.ts', import.meta.url));
const FOLDER = 'test/backends';

interface Counts {
  passed: number;
  failed: number;
  notRun: number;
}

/** Counts of each kit (second suite from the top) on each server (top suite). */
type Report = Map<string, Map<string, Counts>>;

function reportOf(modules: readonly TestModule[]): Report {
  const report: Report = new Map();
  for (const module of modules) {
    countErrors(report, module);
    for (const suite of module.children.allSuites()) countErrors(report, suite);
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      const kind = state === 'passed' ? 'passed' : state === 'failed' ? 'failed' : 'notRun';
      countsFor(report, test)[kind]++;
    }
  }
  return report;
}

/** Errors of hooks and of files that cannot be loaded count as failed tests. */
function countErrors(report: Report, where: TestModule | TestSuite): void {
  if (where.errors().length > 0) countsFor(report, where).failed++;
}

function countsFor(report: Report, where: TestCase | TestModule | TestSuite): Counts {
  const [server = 'without a server', kit = 'of its own'] = suitesAbove(where);
  const kits = report.get(server) ?? new Map<string, Counts>();
  report.set(server, kits);
  const counts = kits.get(kit) ?? { passed: 0, failed: 0, notRun: 0 };
  kits.set(kit, counts);
  return counts;
}

function suitesAbove(where: TestCase | TestModule | TestSuite): string[] {
  if (where.type === 'module') return [];
  return [...suitesAbove(where.parent), ...(where.type === 'suite' ? [where.name] : [])];
}

function sumOf(counts: readonly Counts[]): Counts {
  const sum = { passed: 0, failed: 0, notRun: 0 };
  for (const { passed, failed, notRun } of counts) {
    sum.passed += passed;
    sum.failed += failed;
    sum.notRun += notRun;
  }
  return sum;
}

function show({ passed, failed, notRun }: Counts): string {
  return `${passed} passed, ${failed} failed, ${notRun} not run`;
}

/** As the suites of withServer are called. */
function titleOf({ name, version }: ServerDefinition): string {
  return `${name} ${version}`;
}

function print(report: Report): void {
  const kitChars = Math.max(
    ...[...report.values()].flatMap((kits) => [...kits.keys()]).map((kit) => kit.length),
  );
  for (const [server, kits] of [...report].sort()) {
    const why = SERVERS.filter((one) => titleOf(one) === server).map(({ name }) => notInstalled(name))[0];
    console.log(why === undefined ? `\n${server}` : `\n${server}: not run: ${why}`);
    for (const [kit, counts] of kits) console.log(`  ${kit.padEnd(kitChars)}  ${show(counts)}`);
  }
}

const isCi = process.env.CI === 'true';
const isIncomplete = isCi && spawnSync(process.execPath, [INSTALL], { stdio: 'inherit' }).status !== 0;

const filters = process.argv.slice(2).map((name) => `${FOLDER}/${name}`);
const vitest = await startVitest('test', filters.length > 0 ? filters : [FOLDER], { watch: false });
const report = reportOf(vitest.state.getTestModules());
const otherErrors = vitest.state.getUnhandledErrors().length;
await vitest.close();

print(report);
const unseen = SERVERS.filter((server) => !report.has(titleOf(server)));
const missing = unseen.flatMap(({ name }) => notInstalled(name) ?? []);
for (const why of missing) console.log(`\nnot run: ${why}`);
const total = sumOf([...report.values()].flatMap((kits) => [...kits.values()]));
total.failed += otherErrors + (isCi ? missing.length : 0) + (isIncomplete ? 1 : 0);
console.log(`\n${show(total)}`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
