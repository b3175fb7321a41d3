import type { Clock } from '../../src/sdk/index.ts';

interface Timer {
  at: number;
  run: () => void;
}

/** Time that passes only when told to. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = Date.UTC(2026, 0, 1);

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

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

/** Lets everything that only waits for promises happen. */
export function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
