import { seededNumbers } from '../checks.ts';
import type { ConformanceCase } from '../conformanceCase.ts';
import { CALL_CASES } from './callCases.ts';
import { concurrentCase } from './concurrentCases.ts';
import { crashInFlightCase, crashSweepCases } from './crashCases.ts';
import { faultCases } from './faultCases.ts';
import { FENCE_CASES, OVERTAKING_CASE } from './fenceCases.ts';
import { KILL_CASE } from './killCases.ts';
import { MODEL_CASE } from './modelCases.ts';
import { caseOf, type SubjectCase, type WalConformanceOptions, type WalFactory } from './subject.ts';

export type { WalConformanceOptions, WalFactory, WalFaults, WalSubject } from './subject.ts';

const SEEDS_DEFAULT = 24;

/**
 * The cases a log must pass, for the invariants I1 to I12 of src/core/ports/wal.ts. Needs no test runner.
 * Same options, same cases.
 */
export function walConformance(factory: WalFactory, options: WalConformanceOptions = {}): ConformanceCase[] {
  const seed = options.seed ?? 0;
  const seeds = Array.from({ length: options.seeds ?? SEEDS_DEFAULT }, (_, i) => seed + i + 1);
  const seeded = (subjectCase: SubjectCase): ConformanceCase[] =>
    seeds.map((caseSeed) => {
      const [name, run] = subjectCase;
      return caseOf(factory, [`${name}, seed ${caseSeed}`, run], caseSeed, seededNumbers(caseSeed));
    });
  const cases = [...CALL_CASES, ...FENCE_CASES].map((subjectCase) =>
    caseOf(factory, subjectCase, seed, seededNumbers(seed)),
  );
  // A log for one process must be safe when a second one takes over; a third that looks on needs a shared log.
  const walCount = factory.capabilities.sharedByProcesses ? 3 : 2;
  cases.push(...seeded(MODEL_CASE), ...seeded(concurrentCase(walCount)), ...seeded(OVERTAKING_CASE));
  if (factory.canBeKilled) cases.push(caseOf(factory, KILL_CASE, seed, seededNumbers(seed)));
  if (factory.canCrash) cases.push(...seeds.map((caseSeed) => crashInFlightCase(factory, caseSeed)));
  if (factory.canFail) cases.push(...crashSweepCases(factory, seed), ...faultCases(factory, seed));
  return cases;
}
