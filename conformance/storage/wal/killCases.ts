import assert from 'node:assert/strict';
import { killAfterLines } from '../killedChild.ts';
import { moduleOfKit } from '../moduleOfKit.ts';
import { idsOf } from './records.ts';
import type { SubjectCase } from './subject.ts';

const CHANNEL = 'killed';
const TERMS = 4;
const IDS_EACH = 1_000_000;

/** Of a subject with `durable`. */
export const KILL_CASE: SubjectCase = [
  'kill -9 in the middle of appends, several times over → every acknowledged record is there, without gaps',
  async (subject) => {
    assert.ok(subject.durable, 'the subject of a durable adapter says how a process opens it');
    const { module, location } = subject.durable;
    await subject.wal.close();
    const acknowledged: number[] = [];
    for (let term = 1; term <= TERMS; term++) {
      const args = [module.href, location, CHANNEL, String(term), String(term * IDS_EACH)];
      acknowledged.push(...(await killAfterLines(moduleOfKit('wal/crashWriter'), args, 150)).map(Number));
    }
    const wal = await subject.reopen();
    const before = await idsOf(wal, CHANNEL);
    await wal.open(CHANNEL, TERMS + 1);
    const ids = await idsOf(wal, CHANNEL);
    assert.deepEqual(ids.slice(0, before.length), before, 'what was read stays');
    const present = new Set(ids);
    assert.deepEqual(
      acknowledged.filter((id) => !present.has(id)),
      [],
      'acknowledged records that are gone',
    );
    for (let term = 1; term <= TERMS; term++) {
      const ofTerm = ids.filter((id) => Math.floor(id / IDS_EACH) === term);
      assert.deepEqual(
        ofTerm,
        ofTerm.map((_, i) => term * IDS_EACH + i),
        `term ${term} has no gaps`,
      );
    }
  },
];
