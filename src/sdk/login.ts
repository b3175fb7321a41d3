import type { CookieGrant, Grant, User } from '../contract/objects.ts';
import { backoffMs } from './backoff.ts';
import { defaults } from './defaults.ts';
import { ChatError } from './errors.ts';
import { refresh } from './http.ts';
import type { Runtime } from './runtime.ts';
import type { TokenSource } from './token-source.ts';

/**
 * Keeps a login from one run of a program, or one visit of a page, to the next. Pages that share a store share the login.
 * What it keeps is as good as a password: a browser's `localStorage` can be read by every script of the page.
 */
export interface GrantStore {
  /** What was saved last. */
  load(): Promise<Grant | undefined> | Grant | undefined;
  /** Called with each new grant, before it is used; and with `undefined` once the login has ended. */
  save(grant: Grant | undefined): Promise<void> | void;
}

/** A grant whose refresh token may be in a cookie. */
export type HeldGrant = CookieGrant & Partial<Grant>;

export interface LoginOptions {
  runtime: Pick<Runtime, 'clock' | 'random' | 'fetch'>;
  /** The server's address. */
  url: () => Promise<string>;
  /** Of a sign-in that was just made; without it, what the store holds. */
  grant: HeldGrant | undefined;
  store: GrantStore | undefined;
  /** The refresh token is in a cookie. */
  cookie: boolean;
  renewed: (grant: HeldGrant) => void;
  /** The server refuses to renew it. */
  ended: (error: ChatError) => void;
  /** The store failed: the login goes on without it. */
  oddity: (error: ChatError) => void;
}

/**
 * One sign-in of a user on this device: its grant, renewed in time. Renewing may be repeated until an answer arrives:
 * a refresh token dies only when its successor is used.
 */
export class Login implements TokenSource {
  readonly canRenew = true;
  readonly #options: LoginOptions;
  #given: HeldGrant | undefined;
  #grant: HeldGrant | undefined;
  /** Both by the own clock. */
  #validUntil = 0;
  #renewAt = 0;
  #renewing: Promise<HeldGrant> | undefined;
  #isKept = false;
  #failures = 0;
  #cancelTimer: () => void = () => undefined;

  constructor(options: LoginOptions) {
    this.#options = options;
    this.#given = options.grant;
  }

  /** Whose it is; unknown before the first token. */
  get user(): User | undefined {
    return this.#grant?.user;
  }

  /** @throws {ChatError} `unauthorized`: nobody is signed in, or no longer; else why it couldn't be renewed now. */
  async token(refused?: string): Promise<string> {
    const grant = this.#grant ?? (await this.#begin());
    const isUsable = this.#isValid() && grant.token !== refused;
    return (isUsable ? grant : await this.#renew()).token;
  }

  /** From here on it is renewed before it expires, until `rest`. */
  keep(): void {
    this.#isKept = true;
    this.#renewIn(this.#renewAt - this.#options.runtime.clock.now());
  }

  rest(): void {
    this.#isKept = false;
    this.#cancelTimer();
  }

  /** It is over: forgets it. */
  async end(): Promise<void> {
    this.rest();
    const ended = this.#grant;
    this.#given = undefined;
    this.#grant = undefined;
    if (!ended) return;
    const stored = await this.#load();
    // Somebody may have signed in again on another page.
    if (!stored || stored.refreshToken === ended.refreshToken) await this.#save(undefined);
  }

  async #begin(): Promise<HeldGrant> {
    const { store, cookie } = this.#options;
    const grant = this.#given ?? (await store?.load());
    if (!grant && cookie) return await this.#renew();
    if (!grant) throw new ChatError('unauthorized', 'nobody is signed in');
    if (this.#given) await this.#save(grant);
    this.#given = undefined;
    this.#use(grant, { isFresh: false });
    return grant;
  }

  #isValid(): boolean {
    return this.#options.runtime.clock.now() < this.#validUntil - defaults.leastValidityMs;
  }

  /** One at a time, however many ask. */
  #renew(): Promise<HeldGrant> {
    this.#renewing ??= this.#ask().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #ask(): Promise<HeldGrant> {
    const { cookie, renewed } = this.#options;
    const shared = await this.#load();
    const held = this.#grant;
    // Another page was faster: the token held here may be dead already, and a dead one would end the login.
    if (shared && shared.user.id === held?.user.id && shared.expiresAt > held.expiresAt) {
      this.#use(shared, { isFresh: false });
      if (this.#isValid()) {
        renewed(shared);
        return shared;
      }
    }
    const last = this.#grant;
    if (!last && !cookie) throw new ChatError('unauthorized', 'signed out');
    const grant = await this.#next(last);
    if (this.#grant !== last) throw new ChatError('unauthorized', 'signed out');
    await this.#save(grant);
    if (this.#grant !== last) {
      await this.#save(undefined);
      throw new ChatError('unauthorized', 'signed out');
    }
    this.#use(grant, { isFresh: true });
    renewed(grant);
    return grant;
  }

  async #next(last: HeldGrant | undefined): Promise<HeldGrant> {
    const { url, runtime, cookie } = this.#options;
    const options = { fetch: runtime.fetch };
    if (!cookie) return refresh(await url(), last?.refreshToken ?? '', options);
    // Pages share the cookie: two that ask at once may get in each other's way, and somebody else may have signed in.
    const ask = async () => refresh(await url(), undefined, { ...options, cookie });
    const grant: HeldGrant = await oneAtATime(ask);
    if (last && last.user.id !== grant.user.id) throw new ChatError('unauthorized', 'signed out');
    return grant;
  }

  /** @param isFresh issued just now: then the own clock need not agree with the server's. */
  #use(grant: HeldGrant, { isFresh }: { isFresh: boolean }): void {
    const { clock, random } = this.#options.runtime;
    const now = clock.now();
    const remainingMs = Date.parse(grant.expiresAt) - now;
    const lifetimeMs = lifetimeMsOf(grant.token) ?? Math.max(remainingMs, defaults.assumedLifetimeMs);
    const validMs = isFresh ? lifetimeMs : Math.min(remainingMs, lifetimeMs);
    const share = defaults.renewAtShare + defaults.renewJitterShare * (random() - 0.5);
    this.#grant = grant;
    this.#validUntil = now + validMs;
    this.#renewAt = now + validMs * share;
  }

  #renewIn(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.runtime.clock.after(Math.max(0, ms), () => void this.#renewInTime());
  }

  async #renewInTime(): Promise<void> {
    try {
      await this.#renew();
      this.#failures = 0;
      if (this.#isKept) this.keep();
    } catch (thrown) {
      const error = ChatError.of(thrown);
      if (!this.#isKept) return;
      const waitMs = backoffMs(this.#failures++, this.#options.runtime.random);
      if (error.retryable) this.#renewIn(Math.max(waitMs, error.retryAfterMs ?? 0));
      else if (error.code === 'unauthorized') this.#options.ended(error);
      // Else the connection ends with the token, and the next attempt tells why.
    }
  }

  async #load(): Promise<HeldGrant | undefined> {
    try {
      return await this.#options.store?.load();
    } catch (cause) {
      this.#options.oddity(new ChatError('internal', 'the store could not be read', { cause }));
      return undefined;
    }
  }

  async #save(grant: HeldGrant | undefined): Promise<void> {
    try {
      await this.#options.store?.save(grant as Grant | undefined);
    } catch (cause) {
      this.#options.oddity(new ChatError('internal', 'the store could not be written', { cause }));
    }
  }
}

/** Of all pages, where the browser has locks; where storing is forbidden, so are they. */
async function oneAtATime<T>(ask: () => Promise<T>): Promise<T> {
  const { locks } = globalThis.navigator ?? {};
  let asked: Promise<T> | undefined;
  const askOnce = () => (asked ??= ask());
  return locks ? locks.request('papo-refresh', askOnce).catch(askOnce) : ask();
}

/** From issue to expiry as the token itself says (RFC 7519): by one clock, whatever the own one shows. */
function lifetimeMsOf(token: string): number | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const claims: { iat?: number; exp?: number } = JSON.parse(
      atob(payload.replaceAll('-', '+').replaceAll('_', '/')),
    );
    const seconds = (claims.exp ?? 0) - (claims.iat ?? 0);
    return claims.iat !== undefined && seconds > 0 ? seconds * 1000 : undefined;
  } catch {
    return undefined;
  }
}
