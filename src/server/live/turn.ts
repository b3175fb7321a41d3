/**
 * What one turn of the event loop has to write.
 *
 * Frames that arise in one turn are joined, so that a socket gets one write however many there are: first the
 * feeds hand their frames to their sessions, then the sessions write.
 */
export type Flushable = { flush(): void };

export class Turn {
  #feeds: Flushable[] = [];
  #sessions: Flushable[] = [];
  #scheduled = false;

  /** Asks for `feed.flush()` at the end of this turn. To be called once a turn. */
  endWithFeed(feed: Flushable): void {
    this.#feeds.push(feed);
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
  }
}
