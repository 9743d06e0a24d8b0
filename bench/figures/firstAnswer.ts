import { setTimeout as delay } from 'node:timers/promises';
import type { EncodedCall } from '../load/connection.ts';
import type { Running } from '../peers/system.ts';
import { Control } from '../wire/control.ts';

const ASK_EVERY_MS = 2;
const GIVE_UP_MS = 300_000;

/**
 * Asks a server that is just starting until an answer is right, and says when that was. A server that answers and has not
 * loaded the collection is told to; `atMs` is in the time of performance.now().
 */
export async function firstAnswer(
  server: Running,
  collection: string,
  query: EncodedCall,
  isRight: (ids: readonly number[]) => boolean,
): Promise<{ ids: number[]; atMs: number; control: Control }> {
  const deadlineMs = performance.now() + GIVE_UP_MS;
  let control: Control | undefined;
  let problem: unknown;
  while (performance.now() < deadlineMs) {
    server.checkAlive();
    try {
      control ??= await Control.open(server.address);
      const ids = await control.search(query);
      if (isRight(ids)) return { ids, atMs: performance.now(), control };
      problem = new Error(`a wrong answer: ${ids.join(', ')}`);
    } catch (error) {
      problem = error;
      control = await askToLoad(control, collection);
    }
    await delay(ASK_EVERY_MS);
  }
  throw new Error('no right answer in time', { cause: problem });
}

/** Tells a server that answers to load; a connection that broke is given up. */
async function askToLoad(control: Control | undefined, collection: string): Promise<Control | undefined> {
  if (control === undefined) return undefined;
  try {
    await control.startLoading(collection);
    return control;
  } catch {
    // It is still starting; the next attempt says so again, and giving up names the search's own problem.
    control.close();
    return undefined;
  }
}
