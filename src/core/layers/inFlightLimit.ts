import type { CallLayer } from './callLayer.ts';

export interface InFlightOptions {
  /** Calls at work at once, 1 or more. */
  readonly inFlightMax: number;
}

/** Lets so many calls work at once; others wait, first come, first served. */
export function inFlightLimit({ inFlightMax }: InFlightOptions): CallLayer {
  let free = inFlightMax;
  const waiting: (() => void)[] = [];
  const handOn = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  return {
    givesUp: false,
    async around(_call, run) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await run();
      } finally {
        handOn();
      }
    },
    close: () => undefined,
  };
}
