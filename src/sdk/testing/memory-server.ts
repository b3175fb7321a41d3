import {
  bearerSubprotocolPrefix,
  closeCodes,
  type ErrorCode,
  errorCodes,
  errorTitles,
  protocolVersion,
} from '../../contract/codes.ts';
import type { ServerEvent } from '../../contract/events.ts';
import { clientLimits, limits } from '../../contract/limits.ts';
import type { Grant, User } from '../../contract/objects.ts';
import type { Input, Output } from '../../contract/operations.ts';
import type { SocketOperation } from '../connection.ts';
import { ChatError } from '../errors.ts';
import type { ChatClientOptions } from '../options.ts';
import { type Clock, type Fetch, type SocketConstructor, systemClock } from '../runtime.ts';
import { type ChatOperation, MemoryChat } from './memory-chat.ts';
import { MemorySocket } from './memory-socket.ts';

/** What happens to the next request of an operation, instead of what should. */
type Mishap = { error: ChatError } | 'lose the answer';

interface Account {
  user: User;
  password: string;
}

/** One sign-in. `generation` counts the refresh tokens: the highest that was used. */
interface Login {
  user: User;
  generation: number;
}

const tokenLifetimeMs = 900_000;

/**
 * A chat server for tests of programs that use the SDK: in memory and without a network, time or chance. Everything between
 * it and its clients happens in microtasks; `settle()` waits for it.
 *
 * ```ts
 * const server = new MemoryServer();
 * const bot = new ChatClient({ ...server.connection, grant: server.register('bot') });
 * await bot.connect();
 * startGreeting(bot); // what is tested
 * const ana = server.register('ana').user;
 * const { rooms: [general] } = server.perform(ana, 'room.list', {});
 * server.perform(ana, 'message.send', { room: general.id, id: crypto.randomUUID(), text: 'hi' });
 * await settle();
 * assert.equal(server.texts(general.id).at(-1), 'Hello, ana!');
 * ```
 *
 * It keeps the contract as a client sees it; it has no rates, no sizes of answers, and no crowded rooms.
 */
export class MemoryServer {
  readonly url = 'http://memory.test';
  readonly WebSocket: SocketConstructor;
  readonly #clock: Clock;
  readonly #chat: MemoryChat;
  readonly #accounts = new Map<string, Account>();
  readonly #logins = new Map<string, Login>();
  readonly #sockets = new Set<MemorySocket>();
  readonly #mishaps = new Map<string, Mishap[]>();
  #isUp = true;
  #ids = 0;

  /** @param options.clock tells the time; none of its timers is used. */
  constructor({ clock = systemClock }: { clock?: Clock } = {}) {
    this.#clock = clock;
    this.#chat = new MemoryChat({
      now: () => this.#now(),
      newId: () => this.#newId(),
      tell: (user, event) => this.#tell(user, event),
      log: 'memory',
    });
    const host = {
      greet: (socket: MemorySocket) => this.#greet(socket),
      hear: (socket: MemorySocket, frame: string) => this.#hear(socket, frame),
      gone: (socket: MemorySocket) => this.#sockets.delete(socket),
    };
    this.WebSocket = class extends MemorySocket {
      constructor(_url: string, protocols: string[]) {
        super(host, protocols);
      }
    };
  }

  /** What a `ChatClient` needs to come here, beside its grant. */
  get connection(): Pick<ChatClientOptions, 'url' | 'WebSocket' | 'fetch' | 'clock'> {
    return { url: this.url, WebSocket: this.WebSocket, fetch: this.fetch, clock: this.#clock };
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Makes an account. @throws {ChatError} `username_taken`. */
  register(username: string, password = 'a password', displayName = username): Grant {
    if (this.#accounts.has(username)) throw new ChatError('username_taken', 'username taken');
    const user = this.#chat.enrol(username, displayName);
    this.#accounts.set(username, { user, password });
    return this.#startLogin(user);
  }

  /** Does what somebody asks for, who needs no client for it. @throws {ChatError} what the server would answer. */
  perform<N extends ChatOperation>(user: User, op: N, input: Input<N>): Output<N> {
    return this.#chat.perform(op, user, input);
  }

  /** What was said in a room. */
  texts(room: string): string[] {
    return this.#chat.texts(room);
  }

  /** Breaks connections: all, or a user's. `code`: see the contract; 1006 is a lost network. */
  drop(code = 1006, reason = '', user?: User): void {
    for (const socket of this.#sockets) {
      if (!user || socket.user?.id === user.id) socket.end(code, reason);
    }
  }

  /** Goes away: nothing answers until `start`. What it knows stays. */
  stop(reconnectInMs = 0): void {
    for (const socket of this.#sockets) socket.push({ event: 'draining', reconnectInMs });
    this.drop(closeCodes.restarting, 'the server is restarting');
    this.#isUp = false;
  }

  start(): void {
    this.#isUp = true;
  }

  /** Every connection ends; the next one finds the same rooms. */
  restart(): void {
    this.stop();
    this.start();
  }

  /** The next request of this operation is answered with an error, and nothing is done. */
  refuse(op: SocketOperation, code: ErrorCode, retryAfterMs?: number): void {
    this.#plan(op, { error: new ChatError(code, errorTitles[code], { retryAfterMs }) });
  }

  /** The next request of this operation is done, and the connection breaks before that is told. */
  loseAnswer(op: SocketOperation): void {
    this.#plan(op, 'lose the answer');
  }

  /** Ends every login of a user, as signing out does. */
  signOut(user: User): void {
    for (const [id, login] of this.#logins) if (login.user.id === user.id) this.#endLogin(id);
  }

  readonly fetch: Fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!this.#isUp) throw new TypeError('fetch failed');
    const body: Record<string, string> = JSON.parse((await request.text()) || '{}');
    const route = `${request.method} ${new URL(request.url).pathname}`;
    try {
      const token = request.headers.get('authorization')?.replace('Bearer ', '');
      const output = this.#answerHttp(route, token, body);
      return output === undefined ? new Response(null, { status: 204 }) : Response.json(output);
    } catch (thrown) {
      const { code, message: detail } = ChatError.of(thrown);
      const { status } = errorCodes[code as ErrorCode] ?? errorCodes.internal;
      return Response.json({ code, status, detail }, { status });
    }
  };

  #answerHttp(route: string, token: string | undefined, body: Record<string, string>): unknown {
    const { username = '', password = '', refreshToken = '' } = body;
    switch (route) {
      case 'POST /register':
        return this.register(username, password, body['displayName']);
      case 'POST /login': {
        const account = this.#accounts.get(username);
        if (account?.password !== password) throw new ChatError('invalid_credentials', 'wrong password');
        return this.#startLogin(account.user);
      }
      case 'POST /refresh':
        return this.#refresh(refreshToken);
      case 'POST /logout':
        return this.#endLogin(this.#verified(token).id);
      case 'GET /me':
        return { user: this.#verified(token).user };
      default:
        throw new ChatError('not_found', 'no such address');
    }
  }

  #greet(socket: MemorySocket): void {
    const bearer = socket.protocols.find(protocol => protocol.startsWith(bearerSubprotocolPrefix));
    try {
      if (!this.#isUp) throw new ChatError('unavailable', 'the server is not there');
      const { id, user, expiresAt } = this.#verified(bearer?.slice(bearerSubprotocolPrefix.length));
      this.#sockets.add(socket);
      socket.user = user;
      socket.login = id;
      socket.open();
      socket.push({
        event: 'hello',
        protocol: protocolVersion,
        log: 'memory',
        connection: this.#newId(),
        user,
        expiresAt,
        heartbeatMs: limits.heartbeatMs,
        limits: clientLimits,
      });
    } catch {
      socket.end(1006, '');
    }
  }

  #hear(socket: MemorySocket, frame: string): void {
    const { ref, op, input } = JSON.parse(frame);
    const mishap = this.#mishaps.get(op)?.shift();
    try {
      if (mishap && mishap !== 'lose the answer') throw mishap.error;
      if (mishap) socket.isLive = false;
      const output = this.#answer(socket, op, input ?? {});
      if (mishap) socket.end(1006, '');
      else socket.push({ ref, output });
      if (op === 'sync') socket.isLive = true;
      if (op === 'account.logout') this.#endLogin(socket.login);
    } catch (thrown) {
      const { code, message, retryable, retryAfterMs } = ChatError.of(thrown);
      const error = {
        code: code as ErrorCode,
        message,
        retryable,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      };
      socket.push({ ref, error });
    }
  }

  #answer(socket: MemorySocket, op: SocketOperation, input: Input<'token.renew'> & object): unknown {
    const { user } = socket;
    if (!user) throw new ChatError('unauthorized', 'not signed in');
    if (op === 'account.logout') return {};
    // What it doesn't know it refuses.
    if (op !== 'token.renew') return this.#chat.perform(op as ChatOperation, user, input as never);
    const { id, user: owner, expiresAt } = this.#verified(input.token);
    if (owner.id !== user.id) throw new ChatError('forbidden', 'the token is of another user');
    socket.login = id;
    return { expiresAt };
  }

  #tell(user: string, event: ServerEvent): void {
    for (const socket of this.#sockets) if (socket.isLive && socket.user?.id === user) socket.push(event);
  }

  #plan(op: string, mishap: Mishap): void {
    this.#mishaps.set(op, [...(this.#mishaps.get(op) ?? []), mishap]);
  }

  #startLogin(user: User): Grant {
    const id = this.#newId();
    this.#logins.set(id, { user, generation: 0 });
    return this.#grant(id, user, 1);
  }

  /** Tokens say what they are: whose login, and when they end or which generation they are. */
  #grant(login: string, user: User, generation: number): Grant {
    const expires = this.#clock.now() + tokenLifetimeMs;
    return {
      user,
      token: `${login}.${expires}`,
      expiresAt: new Date(expires).toISOString(),
      refreshToken: `${login}.${generation}`,
    };
  }

  #refresh(token: string): Grant {
    const [id = '', generation] = token.split('.');
    const login = this.#logins.get(id);
    if (!login || Number(generation) < login.generation) {
      this.#endLogin(id);
      throw new ChatError('unauthorized', 'the login has ended');
    }
    login.generation = Number(generation);
    return this.#grant(id, login.user, login.generation + 1);
  }

  #verified(token = ''): { id: string; user: User; expiresAt: string } {
    const [id = '', expires] = token.split('.');
    const user = this.#logins.get(id)?.user;
    if (!user || !(Number(expires) > this.#clock.now())) {
      throw new ChatError('unauthorized', 'the token is not valid');
    }
    return { id, user, expiresAt: new Date(Number(expires)).toISOString() };
  }

  #endLogin(id: string): void {
    this.#logins.delete(id);
    for (const socket of this.#sockets) {
      if (socket.login === id) socket.end(closeCodes.signedOut, 'signed out');
    }
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  /** UUIDs, the same in every run. */
  #newId(): string {
    return `00000000-0000-7000-8000-${(++this.#ids).toString(16).padStart(12, '0')}`;
  }
}
