/**
 * Entry point of a worker thread. The pool starts it by the URL moduleUrl('server/compute/worker'): from source Node strips
 * the types; a bundle has it as an entry point of its own at dist/server/compute/worker.js.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ElanusError } from '../../core/domain/errors.ts';
import type { ArenaRef } from '../../core/ports/arena.ts';
import type { FromWorker, TaskEnd, TaskMessage, ToWorker, WorkerStart } from './messages.ts';
import { loadModules, ThreadContext } from './threadContext.ts';
import { type ScratchUse, ScratchWanted, ThreadMemory } from './threadMemory.ts';

const port = parentPort!;
const start = workerData as WorkerStart;
const memories = [...start.memories];
const scratch = new Map<string, ArenaRef>();

function setScratch(use: ScratchUse, ref: ArenaRef): void {
  scratch.set(`${use}${ref.arena}`, ref);
}

/**
 * The engine tells threads of growth itself, but not one that receives the memory at that very moment: its buffer would keep the
 * old length until the next growth. Growing by nothing looks again.
 */
function lookAgain(memory: WebAssembly.Memory, bytes: number): void {
  if (memory.buffer.byteLength < bytes) memory.grow(0);
}

function scratchOrThrow(use: ScratchUse, arena: number, bytes: number): ArenaRef {
  const ref = scratch.get(`${use}${arena}`);
  if (ref === undefined || ref.bytes < bytes) throw new ScratchWanted(use, arena, bytes);
  return ref;
}

function failure(id: number, error: unknown): TaskEnd {
  if (error instanceof ScratchWanted) {
    return { type: 'scratchWanted', id, use: error.use, arena: error.arena, bytes: error.bytes };
  }
  return {
    type: 'failed',
    id,
    error: ElanusError.from(error).toPlain(),
    stack: error instanceof Error ? error.stack : undefined,
  };
}

function runTask(context: ThreadContext, { id, name, input }: TaskMessage): TaskEnd {
  try {
    return { type: 'done', id, result: context.runTask(name, input) };
  } catch (error) {
    return failure(id, error);
  }
}

/** Answers all tasks in one message, or each in its own when the result of one cannot be cloned. */
function answer(ends: FromWorker): void {
  try {
    port.postMessage(ends);
  } catch (error) {
    if (ends.length === 1) port.postMessage([failure(ends[0]!.id, error)] satisfies FromWorker);
    else for (const end of ends) answer([end]);
  }
}

for (const { use, ref } of start.scratch) setScratch(use, ref);
const modules = await loadModules(start.modules);
const memory = new ThreadMemory({ memory: (arena) => memories[arena], scratch: scratchOrThrow });
const context = new ThreadContext(memory, modules);
for (const [key, value] of start.published) context.publish(key, value);

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'tasks':
      answer(message.tasks.map((task) => runTask(context, task)));
      break;
    case 'memory':
      memories[message.arena] = message.memory;
      break;
    case 'grown':
      lookAgain(memories[message.arena]!, message.bytes);
      break;
    case 'scratch':
      setScratch(message.use, message.ref);
      break;
    case 'publish':
      context.publish(message.key, message.value);
      break;
    case 'unpublish':
      context.unpublish(message.key);
      break;
  }
});
