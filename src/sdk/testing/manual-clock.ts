import type { Clock } from '../runtime.ts';

interface Timer {
  at: number;
  run: () => void;
}

/** Time that passes only when told to. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;

  /** @param now milliseconds since 1970. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets `ms` milliseconds pass; what falls due meanwhile runs at its time, in order, with all that follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let timer = this.#first(end); timer; timer = this.#first(end)) {
      this.#now = timer.at;
      this.#timers.delete(timer);
      timer.run();
      await settle();
    }
    this.#now = end;
  }

  #first(end: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}

/** Lets everything happen that waits only for promises, as all does between a client and a {@link MemoryServer}. */
export function settle(): Promise<void> {
  // A macrotask, after which no microtask is left; a timer would take a millisecond.
  const { port1, port2 } = new MessageChannel();
  return new Promise(resolve => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
