/** Holds the database for this server. Two servers that don't know of each other would leave gaps in what they deliver. */
import type pg from 'pg';
import type { Logger } from '../log.ts';
import { isConnectionLost } from './database.ts';
import { claimDatabase } from './ownership.ts';

const reclaimDelayMs = 250;
/** Longer than PostgreSQL keeps a connection whose other end is gone: see ownership.ts. */
const reclaimWithinMs = 40_000;

export class Owner {
  readonly #connection: pg.ClientConfig;
  readonly #log: Logger;
  readonly #onLost: (error: Error) => void;
  #claim: pg.Client | undefined;
  #released = false;

  /** @param onLost called when another server has taken the database while it was away. */
  constructor(connection: pg.ClientConfig, log: Logger, onLost: (error: Error) => void) {
    this.#connection = connection;
    this.#log = log;
    this.#onLost = onLost;
  }

  /** @throws when another server holds the database. */
  async claim(): Promise<void> {
    const claim = await claimDatabase(this.#connection);
    if (claim === undefined) {
      throw new Error('another papo server is using this database; for now it is one server per database');
    }
    if (this.#released) return claim.end();
    this.#claim = claim;
    claim.once('end', () => void this.#reclaim());
  }

  async release(): Promise<void> {
    this.#released = true;
    await this.#claim?.end();
  }

  /**
   * The claim went with its connection: takes it back as soon as the database answers. PostgreSQL may need a while to
   * notice that the old connection is gone, and holds the claim for it until then.
   */
  async #reclaim(lostAt = performance.now()): Promise<void> {
    if (this.#released) return;
    try {
      await this.claim();
    } catch (error) {
      const isAway = isConnectionLost(error);
      if (!isAway && performance.now() - lostAt > reclaimWithinMs) return this.#onLost(error as Error);
      this.#log.debug({ err: error }, 'the database could not be claimed again yet');
      setTimeout(() => void this.#reclaim(isAway ? performance.now() : lostAt), reclaimDelayMs);
    }
  }
}
