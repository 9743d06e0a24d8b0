/** One kind of call of a store, as layers see it. */
export interface StoreCall {
  /** Name of the method, for metrics and messages. */
  readonly operation: string;
  /** Changes nothing: when it is given up, nothing happened. */
  readonly isRead: boolean;
  /** After Unavailable and Timeout nothing happened, and the call means the same when it is made again. */
  readonly isRepeatable: boolean;
}

/**
 * Goes around the calls of a store: one implementation for every port and every plugin. What puts it there
 * (layeredMetaStore, layeredObjectStore, layeredWal) keeps the port's contract as far as the layer does.
 */
export interface CallLayer {
  /**
   * Runs `run`, which may be called more than once if the call is repeatable. `discard` undoes the result of a call that
   * was given up before it ended.
   */
  around<Result>(call: StoreCall, run: () => Promise<Result>, discard?: Discard<Result>): Promise<Result>;
  /** A call may settle while the store still works on it, so the store must not share the caller's buffers. */
  readonly givesUp: boolean;
  /** The store is about to close: nothing waits or repeats from now on. */
  close(): void;
}

export type Discard<Result> = (late: Result) => Promise<unknown>;

/** Layers as one; the first is outermost. */
export function stacked(layers: readonly CallLayer[]): CallLayer {
  return {
    givesUp: layers.some((layer) => layer.givesUp),
    around: (call, run, discard) =>
      layers.reduceRight<typeof run>((inner, layer) => () => layer.around(call, inner, discard), run)(),
    close: () => {
      for (const layer of layers) layer.close();
    },
  };
}

export function read(operation: string): StoreCall {
  return { operation, isRead: true, isRepeatable: true };
}

export function write(operation: string, isRepeatable = true): StoreCall {
  return { operation, isRead: false, isRepeatable };
}
