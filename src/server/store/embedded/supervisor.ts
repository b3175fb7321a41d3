/** Keeps a PostgreSQL running: one that ends without having been asked to is started again. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../log.ts';
import type { Postmaster } from './postmaster.ts';

const firstDelayMs = 50;
const longestDelayMs = 5_000;

/** Some 25 s of waiting in all, besides the time the attempts themselves take. */
const maxAttempts = 10;

/** One that ran this long had recovered: its crash begins a new count. */
const steadyAfterMs = 60_000;

type Supervised = Pick<Postmaster, 'ended' | 'stop'>;

export type SupervisorOptions = {
  postmaster: Supervised;
  /** Starts the next one; rejects, with nothing left running, when it fails or the signal is aborted. */
  launch: (signal: AbortSignal) => Promise<Supervised>;
  log: Logger;
  /** It went down too often in a row and stays down. */
  onGaveUp: (error: Error) => void;
  /** For tests: waits between attempts. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
};

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;
  #postmaster: Supervised;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#postmaster = options.postmaster;
    this.#watching = this.#watch();
  }

  /** Resolves when PostgreSQL is gone and won't come back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#postmaster.stop(this.#options.log);
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { launch, log, onGaveUp, pause = interruptibly } = this.#options;
    const { signal } = this.#stopping;
    let attempts = 0;
    let cause: unknown;
    for (;;) {
      // A launch may succeed in the very moment in which it is told to stop.
      if (signal.aborted) return this.#postmaster.stop(log);
      const since = performance.now();
      const how = await this.#postmaster.ended;
      if (signal.aborted) return;
      if (performance.now() - since >= steadyAfterMs) attempts = 0;
      if (attempts === maxAttempts) {
        const error = new Error(`PostgreSQL is down (${how}) and ${attempts} attempts to start it failed.`, {
          cause,
        });
        log.error({ err: error }, 'giving PostgreSQL up');
        return onGaveUp(error);
      }
      attempts += 1;
      log.warn({ how, attempt: attempts }, 'PostgreSQL is down: starting it again');
      try {
        await pause(Math.min(firstDelayMs * 2 ** (attempts - 1), longestDelayMs), signal);
        this.#postmaster = await launch(signal);
        log.info('PostgreSQL is up again');
      } catch (error) {
        if (signal.aborted) return;
        cause = error;
        log.warn({ err: error }, "PostgreSQL didn't come up");
      }
    }
  }
}

async function interruptibly(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal });
}
