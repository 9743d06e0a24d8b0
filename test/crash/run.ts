/**
 * Crash test: `npm run test:crash -- --rounds 50 [--seed N]`. First rounds of writing, SIGKILL and comparing with a model, then
 * damage to the log, a full disk, and an iterator over a restart. Everything random comes from the seed.
 */
import { parseArgs } from 'node:util';
import { damagedLast, damagedMiddle, tornTail } from './logDamage.ts';
import { runRounds } from './rounds.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } });
const rounds = Number(values.rounds ?? 5);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));

console.log(`crash test: seed ${seed}, ${rounds} rounds`);
const startMs = performance.now();
const result = await runRounds(seed, rounds);
for (const line of result.wrong.slice(0, 50)) console.error(`WRONG ${line}`);
if (result.wrong.length > 50) console.error(`… and ${result.wrong.length - 50} more`);
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(
  `seed ${seed}: ${result.rounds} rounds in ${seconds} s, ${result.acknowledged} operations acknowledged, ` +
    `${result.unknown} unknown, ${result.wrong.length} wrong`,
);
process.exitCode = result.wrong.length === 0 ? 0 : 1;
