import { bearerSubprotocolPrefix, closeCodes, protocolVersion, subprotocol } from '../contract/codes.ts';
import { backoffMs } from './backoff.ts';
import { Connection, type Ending, type Hello, type RoomEvent } from './connection.ts';
import { defaults } from './defaults.ts';
import { ChatError } from './errors.ts';
import { addressOf, isTokenRefused } from './http.ts';
import type { Runtime, SocketLike } from './runtime.ts';
import type { TokenSource } from './token-source.ts';

/** Where the connection stands. `syncing`: open, catching up. `live`: every replica is complete and follows. */
export type ConnectionState =
  | { name: 'idle' }
  | { name: 'connecting' }
  | { name: 'syncing' }
  | { name: 'live' }
  /** Lost, or not made; tried again in `retryInMs` milliseconds, at `retryAt` (milliseconds since 1970). */
  | { name: 'waiting'; retryInMs: number; retryAt: number; detail: string }
  /**
   * At rest until `connect` is called again. `closed`: by `close` or `logout`. `unauthorized`: the token isn't valid, or
   * the login has ended. `refused`: the server (or the address) doesn't want this client.
   */
  | { name: 'closed'; reason: 'closed' | 'unauthorized' | 'refused'; detail: string };

export interface UplinkOptions {
  /** The server's address, asked before every attempt. */
  url: () => Promise<string>;
  tokens: TokenSource;
}

interface UplinkHandlers {
  state(state: ConnectionState): void;
  /** Makes everything that depends on the connection current. Once it resolves, the state is `live`. */
  sync(connection: Connection, hello: Hello): Promise<void>;
  event(event: RoomEvent): void;
  oddity(error: ChatError): void;
}

interface Waiter {
  resolve: (connection: Connection) => void;
  reject: (error: ChatError) => void;
}

/** Keeps one connection to the server up: token, attempt, sync, back-off, and when to give up. */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #runtime: Runtime;
  readonly #handlers: UplinkHandlers;
  readonly #waiters = new Set<Waiter>();
  #state: ConnectionState = { name: 'idle' };
  #connection: Connection | undefined;
  /** Counts attempts: what an earlier one still has to say is no longer heard. */
  #attempt = 0;
  #failures = 0;
  #liveSince: number | undefined;
  #refusedToken: string | undefined;
  /** When a server that is about to stop wants this client back. */
  #reconnectInMs: number | undefined;
  #cancelRetry: () => void = () => undefined;

  constructor(options: UplinkOptions, runtime: Runtime, handlers: UplinkHandlers) {
    this.#options = options;
    this.#runtime = runtime;
    this.#handlers = handlers;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The connection, while it is live. */
  get connection(): Connection | undefined {
    return this.#state.name === 'live' ? this.#connection : undefined;
  }

  /** Starts, or cuts a wait short. */
  start(): void {
    const { name } = this.#state;
    if (name === 'idle' || name === 'closed') this.#failures = 0;
    else if (name !== 'waiting') return;
    this.#refusedToken = undefined;
    void this.#connect();
  }

  stop(reason: 'closed' | 'unauthorized' | 'refused', detail: string): void {
    this.#attempt++;
    this.#cancelRetry();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close(detail);
    this.#enter({ name: 'closed', reason, detail });
  }

  /** The live connection, as soon as there is one; within `waitMs`, if given. */
  live(waitMs?: number): Promise<Connection> {
    if (this.connection) return Promise.resolve(this.connection);
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    if (this.#state.name === 'idle' || this.#state.name === 'closed') {
      reject(restError(this.#state));
      return promise;
    }
    const waiter = { resolve, reject };
    this.#waiters.add(waiter);
    const cancel =
      waitMs === undefined
        ? undefined
        : this.#runtime.clock.after(waitMs, () => reject(new ChatError('unavailable', 'not connected')));
    const forget = () => {
      cancel?.();
      this.#waiters.delete(waiter);
    };
    promise.then(forget, forget);
    return promise;
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    if (state.name === 'live') this.#liveSince = this.#runtime.clock.now();
    const waiters = [...this.#waiters];
    this.#handlers.state(state);
    for (const waiter of waiters) {
      if (this.connection) waiter.resolve(this.connection);
      else if (state.name === 'closed') waiter.reject(restError(state));
    }
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#cancelRetry();
    this.#enter({ name: 'connecting' });
    try {
      const url = await this.#options.url();
      const token = await this.#options.tokens.token(this.#refusedToken);
      if (attempt !== this.#attempt) return;
      const connection = new Connection(this.#openSocket(url, token), this.#runtime.clock, {
        hello: hello => void this.#greet(connection, hello),
        event: event => {
          if (event.event === 'draining') this.#reconnectInMs = event.reconnectInMs;
          else this.#handlers.event(event);
        },
        end: ending => connection === this.#connection && void this.#ended(ending, url, token),
        oddity: error => this.#handlers.oddity(error),
      });
      this.#connection = connection;
    } catch (thrown) {
      if (attempt === this.#attempt) this.#fail(thrown);
    }
  }

  #openSocket(url: string, token: string): SocketLike {
    const Socket = this.#runtime.WebSocket;
    if (!Socket) throw new ChatError('bad_request', 'no WebSocket in this runtime: pass one');
    const address = addressOf(url, '/ws');
    address.protocol = address.protocol.replace('http', 'ws');
    try {
      return new Socket(address.href, [subprotocol, bearerSubprotocolPrefix + token]);
    } catch (cause) {
      throw new ChatError('bad_request', `can't connect to ${url}`, { cause });
    }
  }

  async #greet(connection: Connection, hello: Hello): Promise<void> {
    this.#refusedToken = undefined;
    this.#reconnectInMs = undefined;
    this.#enter({ name: 'syncing' });
    if (hello.protocol !== protocolVersion) {
      this.stop('refused', `the server speaks protocol ${hello.protocol}, not ${protocolVersion}`);
      return;
    }
    try {
      await this.#handlers.sync(connection, hello);
      if (connection === this.#connection) this.#enter({ name: 'live' });
    } catch (thrown) {
      // If it ended meanwhile, that is why, and is being dealt with.
      if (connection !== this.#connection) return;
      this.#connection = undefined;
      connection.close('sync failed');
      this.#fail(thrown, { retry: true });
    }
  }

  async #ended(ending: Ending, url: string, token: string): Promise<void> {
    const attempt = this.#attempt;
    this.#connection = undefined;
    const detail = `${ending.code} ${ending.reason}`.trim();
    if (ending.code >= 4500 && ending.code <= 4999) {
      this.stop(ending.code === closeCodes.signedOut ? 'unauthorized' : 'refused', detail);
      return;
    }
    if (ending.code === closeCodes.tokenExpired) {
      this.#expired(token, detail);
      return;
    }
    // A refused handshake looks like an unreachable server: only a request over HTTP tells which it was.
    const isRefused = ending.refused && (await isTokenRefused(url, token, this.#runtime.fetch));
    if (attempt !== this.#attempt) return;
    if (isRefused) this.#renew(token);
    else this.#wait(detail);
  }

  /** A connection that was live comes back at once, with another token. */
  #expired(token: string, detail: string): void {
    if (this.#liveSince !== undefined || !this.#options.tokens.canRenew) {
      this.#liveSince = undefined;
      this.#renew(token);
    } else {
      this.#refusedToken = token;
      this.#wait(detail);
    }
  }

  /** The token was refused: there is one chance to get another one. */
  #renew(token: string): void {
    if (!this.#options.tokens.canRenew || this.#refusedToken !== undefined) {
      this.stop('unauthorized', 'the server refuses the token');
    } else {
      this.#refusedToken = token;
      void this.#connect();
    }
  }

  #fail(thrown: unknown, { retry = false } = {}): void {
    const error = ChatError.of(thrown);
    const isUnauthorized = error.code === 'unauthorized' || error.code === 'invalid_credentials';
    if (error.retryable || retry) this.#wait(error.message, error.retryAfterMs);
    else this.stop(isUnauthorized ? 'unauthorized' : 'refused', error.message);
  }

  #wait(detail: string, atLeastMs = 0): void {
    const { clock, random } = this.#runtime;
    if (this.#liveSince !== undefined) {
      const wasStable = clock.now() - this.#liveSince >= defaults.stableAfterMs;
      this.#failures = wasStable ? 0 : Math.min(this.#failures, defaults.maxFailuresBeforeLive);
      this.#liveSince = undefined;
    }
    const waitMs = this.#reconnectInMs ?? backoffMs(this.#failures++, random);
    this.#reconnectInMs = undefined;
    const retryInMs = Math.max(atLeastMs, waitMs);
    this.#cancelRetry = clock.after(retryInMs, () => void this.#connect());
    this.#enter({ name: 'waiting', retryInMs, retryAt: clock.now() + retryInMs, detail });
  }
}

/** Why there won't be a connection. */
function restError(state: Extract<ConnectionState, { name: 'idle' | 'closed' }>): ChatError {
  if (state.name === 'idle') return new ChatError('unavailable', 'call connect() first');
  const code = { unauthorized: 'unauthorized', refused: 'forbidden', closed: 'unavailable' } as const;
  return new ChatError(code[state.reason], state.detail);
}
