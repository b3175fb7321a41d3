/**
 * What one turn of the event loop has to write.
 *
 * Frames that arise in one turn are joined, so that a socket gets one write however many there are: first the
 * feeds hand their frames to their sessions, then the sessions write.
 */
import type { Metrics } from '../metrics.ts';

export type Flushable = { flush(): void };

export class Turn {
  readonly #metrics: Pick<Metrics, 'deliverSeconds'>;
  #feeds: Flushable[] = [];
  #sessions: Flushable[] = [];
  /** When each of the feeds got the first change that it has to hand on. */
  #since: number[] = [];
  #scheduled = false;

  constructor(metrics: Pick<Metrics, 'deliverSeconds'>) {
    this.#metrics = metrics;
  }

  /** Asks for `feed.flush()` at the end of this turn. To be called once a turn. */
  endWithFeed(feed: Flushable): void {
    this.#feeds.push(feed);
    this.#since.push(performance.now());
    this.#schedule();
  }

  endWithSession(session: Flushable): void {
    this.#sessions.push(session);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.end());
  }

  /** Writes everything now. */
  end(): void {
    this.#scheduled = false;
    for (const feed of this.#feeds.splice(0)) feed.flush();
    for (const session of this.#sessions.splice(0)) session.flush();
    if (this.#since.length === 0) return;
    const now = performance.now();
    for (const since of this.#since.splice(0)) this.#metrics.deliverSeconds.observe((now - since) / 1000);
  }
}
