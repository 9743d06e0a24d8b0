import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadPlan, LoadResult } from './plan.ts';

const PROCESS = fileURLToPath(new URL('./loadProcess.ts', import.meta.url));

/** Runs a plan in a process of its own. Rejects when a call failed, unless the plan goes on after problems. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const child = fork(PROCESS, {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<{ result?: LoadResult; error?: string }>();
  child.once('message', (message) => resolve(message as { result?: LoadResult; error?: string }));
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`the load generator ended with code ${code}`)));
  child.send(plan);
  const { result, error } = await promise;
  if (result === undefined) throw new Error(error);
  if (result.firstProblem !== undefined && plan.stopAtProblem !== false)
    throw new Error(`${result.problems} of ${result.done} calls failed: ${result.firstProblem}`);
  return result;
}
