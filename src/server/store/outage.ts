/**
 * What the log tells of a database that is away, or too busy: a line when it begins and a line when it is over, however
 * many ask in between. Each of them is told so itself, and counted among the metrics.
 */
import type { Logger } from '../log.ts';

/** So long nothing has failed when it is said to be over: one that comes and goes is not to fill the log either. */
const calmMs = 5_000;

export class Outage {
  readonly #log: Logger;
  readonly #now: () => number;
  #failures = 0;
  #lastAt = 0;

  /** @param now milliseconds of a clock that never goes back. */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** It was asked, or was to be, and that failed though nothing was wrong with the question. */
  failed(error: unknown): void {
    if (this.#failures === 0) this.#log.warn({ err: error }, 'the database is away, or too busy');
    this.#failures += 1;
    this.#lastAt = this.#now();
  }

  /** It has answered, whatever it was asked. */
  answered(): void {
    if (this.#failures === 0 || this.#now() - this.#lastAt < calmMs) return;
    this.#log.info({ failures: this.#failures }, 'the database answers again');
    this.#failures = 0;
  }
}
