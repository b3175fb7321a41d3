/**
 * Closes the sessions of logins that ended elsewhere: a command ended them, or this server did and never learned that it
 * had worked. It asks the database; see docs/adr/0011-logins-that-end-elsewhere.md.
 */
import type { Logger } from '../log.ts';
import type { EndedLogins } from '../store/ended-logins.ts';
import type { Hub } from './hub.ts';

/** Between the end of a look and the next one: with a look's time, less than the two seconds that are promised. */
const pauseMs = 1_000;

export class LoginWatch {
  readonly #ended: Pick<EndedLogins, 'since' | 'among'>;
  readonly #hub: Pick<Hub, 'logins' | 'signOut'>;
  readonly #log: Logger;
  /** When the last look was, by the database's clock; unset: what came before the next one is unknown. */
  #lookedAt: Date | undefined;
  #isAway = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(
    ended: Pick<EndedLogins, 'since' | 'among'>,
    hub: Pick<Hub, 'logins' | 'signOut'>,
    log: Logger,
  ) {
    this.#ended = ended;
    this.#hub = hub;
    this.#log = log;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#lookAndGoOn();
    }, pauseMs);
  }

  /** Resolves when the last look is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #lookAndGoOn(): Promise<void> {
    try {
      await this.#look();
      if (this.#isAway) this.#log.info('it can be seen again which logins have ended');
      this.#isAway = false;
    } catch (error) {
      // Whatever ended meanwhile, and by whichever clock: the next look is at everyone.
      this.#lookedAt = undefined;
      if (!this.#isAway) this.#log.warn({ err: error }, 'it can not be seen which logins have ended');
      this.#isAway = true;
    }
    if (!this.#isStopped) this.start();
  }

  async #look(): Promise<void> {
    const { at, users } = await this.#ended.since(this.#lookedAt);
    const live = this.#hub.logins(users);
    if (live.length > 0) {
      for (const login of await this.#ended.among(live)) this.#hub.signOut(login);
    }
    this.#lookedAt = at;
  }
}
