import { threadId } from 'node:worker_threads';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { ComputeTask } from '../../../../src/core/ports/compute.ts';
import type { VectorRows } from '../../../../src/core/ports/vectorIndex.ts';

/** Tasks of the compute tests; loaded by every thread. */
let ran = 0;

const where: ComputeTask<unknown, number> = () => threadId;
const echo: ComputeTask<unknown, unknown> = (_context, input) => input;
const order: ComputeTask<unknown, number> = () => ++ran;
const published: ComputeTask<string, unknown> = (context, key) => context.published(key);
const unclonable: ComputeTask<unknown, unknown> = () => () => 1;
const exit: ComputeTask<unknown, never> = () => process.exit(3);

const fail: ComputeTask<string, never> = (_context, kind) => {
  if (kind === 'TypeError') throw new TypeError('not an ElanusError');
  throw new ElanusError('NotFound', 'nothing here', { subject: 'segment', context: { segment: 7 } });
};

/** Waits until the I/O thread stores 1 at `at` of arena memory. */
const wait: ComputeTask<{ arena: number; offset: number }, string> = (context, { arena, offset }) => {
  return Atomics.wait(new Int32Array(context.memory.buffer(arena), offset, 1), 0, 0, 30_000);
};

const sum: ComputeTask<{ arena: number; offset: number; bytes: number }, number> = (context, input) => {
  let total = 0;
  for (const byte of context.memory.view(input.arena, input.offset, input.bytes)) total += byte;
  return total;
};

/** Two ranges of scratch: filled, apart, still intact at the end. */
const scratch: ComputeTask<{ arena: number; bytes: number; mark: number }, boolean> = (context, input) => {
  const ranges = [context.scratch(input.arena, input.bytes), context.scratch(input.arena, input.bytes)];
  const views = ranges.map((ref) => context.memory.view(ref.arena, ref.offset, input.bytes));
  for (const [i, view] of views.entries()) view.fill(input.mark + i);
  for (let spin = 0; spin < 20; spin++) {
    if (views.some((view, i) => view.some((byte) => byte !== input.mark + i))) return false;
  }
  return true;
};

const norms: ComputeTask<VectorRows, void> = (context, vectors) =>
  context.writeInverseNorms(vectors, 0, vectors.rows);

export const tasks = { where, echo, order, published, unclonable, exit, fail, wait, sum, scratch, norms };
