/** What a benchmark is, and what it is given. */

/** Flags are numbers, each with a default. */
export type FlagTable = Record<string, { default: number; help: string }>;
export type Numbers<Flags extends FlagTable> = { readonly [Name in keyof Flags]: number };

export type Benchmark<Flags extends FlagTable = FlagTable> = {
  readonly about: string;
  readonly flags: Flags;
  run(numbers: Numbers<Flags>, context: Context): Promise<void>;
};

export type Context = {
  /** Aborted when the run must end: Ctrl-C, the time limit, or something that broke. */
  readonly signal: AbortSignal;
  /** Ends the run, from wherever. */
  readonly fail: (error: Error) => void;
  /** Stops and removes, in reverse order, what the run has started and made. */
  readonly undo: AsyncDisposableStack;
  /** Where papo's server writes a CPU profile when it stops. */
  readonly cpuProfDir: string | undefined;
  readonly print: (line?: string) => void;
};

/** A promise, or the end of the run. */
export function unlessEnded<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) return end();
    signal.addEventListener('abort', end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
