import assert from 'node:assert/strict';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import type { ConformanceCase } from '../conformanceCase.ts';
import { BOUND_CASES } from './boundCases.ts';
import { CALL_CASES } from './callCases.ts';
import { CLOSED_CASES } from './closedCases.ts';
import { DURABLE_CASES, type DurableCase, killCase } from './durableCases.ts';
import { LEASE_CASES } from './leaseCases.ts';
import { checkLinearizable } from './linearizableCases.ts';
import { checkAgainstModel } from './modelCases.ts';
import { RACE_CASES } from './raceCases.ts';
import { RANGE_CASES } from './rangeCases.ts';
import { SHARED_CASES } from './sharedCases.ts';
import type { MetaConformanceOptions, MetaStoreFactory, MetaStoreSubject } from './subject.ts';
import { WATCH_CASES } from './watchCases.ts';

const RANDOM_RUNS = 4;

/** The cases that every MetaStore must pass; capabilities add more. Needs no test runner. */
export function metaStoreConformance(
  factory: MetaStoreFactory,
  options: MetaConformanceOptions = {},
): ConformanceCase[] {
  const examples = [
    CALL_CASES,
    RANGE_CASES,
    BOUND_CASES,
    LEASE_CASES,
    WATCH_CASES,
    RACE_CASES,
    CLOSED_CASES,
  ].flat();
  const cases = [...examples, ...randomCases(options)].map(([name, run]) => ({
    name,
    run: () => onSubject(factory, ({ store }) => run(store)),
  }));
  const { durable, sharedByProcesses } = factory.capabilities;
  const more = [
    ...(durable ? [...DURABLE_CASES, killCase(sharedByProcesses)] : []),
    ...(durable && sharedByProcesses ? SHARED_CASES : []),
  ];
  return [...cases, ...more.map((durableCase) => bindDurable(factory, durableCase))];
}

function randomCases({ seed = 1, commands = 400 }: MetaConformanceOptions) {
  const cases: (readonly [string, (store: MetaStore) => Promise<void>])[] = [];
  for (let run = seed; run < seed + RANDOM_RUNS; run++) {
    cases.push([
      `model: ${commands} random commands, seed ${run}`,
      (store) => checkAgainstModel(store, run, commands),
    ]);
    cases.push([`linearizable: one key, seed ${run}`, (store) => checkLinearizable(store, ['x'], run)]);
    cases.push([
      `linearizable: three keys, seed ${run}`,
      (store) => checkLinearizable(store, ['x', 'y', 'z'], run),
    ]);
  }
  return cases;
}

function bindDurable(factory: MetaStoreFactory, [name, run]: DurableCase): ConformanceCase {
  return {
    name,
    run: () =>
      onSubject(factory, (subject) => {
        assert.ok(subject.durable, 'the subject of a durable adapter says how to open it again');
        return run(subject, subject.durable);
      }),
  };
}

async function onSubject(
  factory: MetaStoreFactory,
  run: (subject: MetaStoreSubject) => Promise<void>,
): Promise<void> {
  const subject = await factory.open();
  try {
    await run(subject);
  } finally {
    await subject.dispose();
  }
}
