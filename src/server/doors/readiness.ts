/** Whether this server should be sent work: its database answers and has every migration, and it isn't stopping. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import type { Database } from '../store/database.ts';
import { isUpToDate } from '../store/migrations/migrations.ts';

/** What is looked at, each by itself. */
export type Checks = { database: boolean; migrations: boolean; accepting: boolean };

type Seen = Omit<Checks, 'accepting'>;

/** A database that takes longer to answer one small query is as good as away. */
const answerWithinMs = 2_000;
/** Anyone may ask, as often as they like: the database is asked no more often than this. */
const askAgainAfterMs = 500;
const away: Seen = { database: false, migrations: false };

export class Readiness {
  readonly #db: Database;
  readonly #log: Logger;
  #isDraining = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** The database owes an answer, perhaps one that nobody waits for any more: to ask again would only burden it. */
  #isAsking = false;
  #seen: Promise<Seen> = Promise.resolve(away);

  constructor(db: Database, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  /** From here on the server isn't ready, whatever its database says. */
  drain(): void {
    this.#isDraining = true;
  }

  async checks(): Promise<Checks> {
    // A server that stops lets go of its database, and leaves it alone.
    const isDue = !this.#isAsking && performance.now() - this.#askedAt > askAgainAfterMs;
    if (isDue && !this.#isDraining) {
      this.#askedAt = performance.now();
      this.#seen = this.#ask();
    }
    const seen = await this.#seen;
    return { ...seen, accepting: !this.#isDraining };
  }

  async isReady(): Promise<boolean> {
    return Object.values(await this.checks()).every(isFine => isFine);
  }

  async #ask(): Promise<Seen> {
    this.#isAsking = true;
    const answer = isUpToDate(this.#db)
      .then(
        migrations => ({ database: true, migrations }),
        error => {
          this.#log.debug({ err: error }, 'the database does not answer');
          return away;
        },
      )
      .finally(() => {
        this.#isAsking = false;
      });
    return Promise.race([answer, delay(answerWithinMs, away, { ref: false })]);
  }
}
