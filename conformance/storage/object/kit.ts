import assert from 'node:assert/strict';
import { fails, patternBytes, sameBytes } from '../checks.ts';
import type { ConformanceCase } from '../conformanceCase.ts';
import { CALL_CASES } from './callCases.ts';
import { DURABLE_CASES, type DurableCase, SHARED_CASES } from './durableCases.ts';
import { CLOSED_CASES, KEY_CASES } from './keyCases.ts';
import { LIST_CASES } from './listCases.ts';
import { checkAgainstModel } from './modelCases.ts';
import { RACE_CASES } from './raceCases.ts';
import { RANGE_CASES } from './rangeCases.ts';
import type {
  ObjectConformanceOptions,
  ObjectStoreFactory,
  ObjectStoreSubject,
  StoreCase,
} from './subject.ts';

const RANDOM_RUNS = 4;

/** The cases that every ObjectStore must pass; capabilities add more. Needs no test runner. */
export function objectStoreConformance(
  factory: ObjectStoreFactory,
  options: ObjectConformanceOptions = {},
): ConformanceCase[] {
  const examples = [CALL_CASES, RANGE_CASES, LIST_CASES, KEY_CASES, RACE_CASES, CLOSED_CASES].flat();
  const cases = [...examples, largeCase(options), ...randomCases(options)].map(([name, run]) => ({
    name,
    run: () => onSubject(factory, ({ store }) => run(store)),
  }));
  const { durable, sharedByProcesses } = factory.capabilities;
  const more = [...(durable ? DURABLE_CASES : []), ...(durable && sharedByProcesses ? SHARED_CASES : [])];
  return [...cases, ...more.map((durableCase) => bindDurable(factory, durableCase))];
}

function largeCase({ largeBytes = 100 * 1024 * 1024 }: ObjectConformanceOptions): StoreCase {
  return [
    `large: an object of ${largeBytes} bytes in one go → the same bytes, whole and by range`,
    async (store) => {
      const content = patternBytes(largeBytes, 1);
      await store.put('large', content);
      sameBytes((await store.get('large')).content, content, 'whole');
      const into = new Uint8Array(new SharedArrayBuffer(largeBytes));
      await store.getRange('large', 0, largeBytes, into);
      sameBytes(into, content, 'by range');
      await fails('Invalid', () => store.getRange('large', 1, largeBytes, into));
    },
  ];
}

function randomCases({ seed = 1, commands = 200 }: ObjectConformanceOptions): StoreCase[] {
  return Array.from({ length: RANDOM_RUNS }, (_, i) => [
    `model: ${commands} random commands, seed ${seed + i}`,
    (store) => checkAgainstModel(store, seed + i, commands),
  ]);
}

function bindDurable(factory: ObjectStoreFactory, [name, run]: DurableCase): ConformanceCase {
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
  factory: ObjectStoreFactory,
  run: (subject: ObjectStoreSubject) => Promise<void>,
): Promise<void> {
  const subject = await factory.open();
  try {
    await run(subject);
  } finally {
    await subject.dispose();
  }
}
