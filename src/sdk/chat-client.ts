import type { Delta, Member, Message, Room, User } from '../contract/objects.ts';
import type { Input, Output } from '../contract/operations.ts';
import { type CallableOperation, type CallOptions, unlessAborted } from './calls.ts';
import type { Connection, Hello } from './connection.ts';
import { defaults } from './defaults.ts';
import { ChatError } from './errors.ts';
import { Emitter } from './events.ts';
import { type LogoutOptions, logout } from './http.ts';
import { type HeldGrant, Login } from './login.ts';
import { type ChatClientOptions, type OutboxKeeper, runtimeOf } from './options.ts';
import { Outbox, type OutgoingMessage } from './outbox.ts';
import {
  type BrowseOptions,
  browsePages,
  type HistoryOptions,
  historyPages,
  memberPages,
  type PageOptions,
} from './pages.ts';
import { ReadMarks } from './read-marks.ts';
import type { RoomReplica } from './replica.ts';
import { Rooms } from './rooms.ts';
import type { Runtime } from './runtime.ts';
import { givenToken, type TokenSource } from './token-source.ts';
import { type ConnectionState, Uplink } from './uplink.ts';

/** Everything is told after it was applied: `rooms` has it already. */
export interface ChatEvents {
  state: ConnectionState;
  /** Changes of one room, each told once: `delta` holds what was news to this client. */
  change: { room: RoomReplica; delta: Delta };
  /** What was held of the room is replaced: first sync, or too far behind. Show it anew. */
  reset: { room: RoomReplica };
  joined: { room: RoomReplica };
  /** `room` is as it was held last. */
  left: { room: RoomReplica };
  /** `room.unread` has changed: something was said, or the read mark moved, here or on another device. */
  read: { room: RoomReplica };
  /** The login was renewed: the grants before this one are dead soon. It is in the `store` already. */
  grant: HeldGrant;
  /** A message on its way changed its state. */
  outgoing: OutgoingMessage;
  /** Something that shouldn't be: a listener threw, a frame made no sense. The client goes on. */
  error: ChatError;
}

/**
 * A chat connection that stays: it reconnects by itself, keeps a replica of every room the user is in, and sends every
 * message exactly once.
 *
 * ```ts
 * const grant = await login(url, { username, password });
 * const client = new ChatClient({ url, grant });
 * client.on('change', ({ room, delta }) => show(room, delta.messages));
 * await client.connect();
 * client.send(roomId, 'Olá!');
 * ```
 */
export class ChatClient {
  readonly #url: () => Promise<string>;
  readonly #runtime: Runtime;
  readonly #login: Login | undefined;
  readonly #cookie: boolean;
  readonly #tokens: TokenSource;
  readonly #uplink: Uplink;
  readonly #rooms: Rooms;
  readonly #outbox: Outbox;
  readonly #keeper: OutboxKeeper | undefined;
  readonly #events: Emitter<ChatEvents>;
  readonly #readMarks = new ReadMarks((room, seq) => this.call('room.read', { room, seq }));
  #me: User | undefined;

  constructor(options: ChatClientOptions) {
    const { url, token, grant, store, cookie = false } = options;
    const runtime = runtimeOf(options);
    this.#runtime = runtime;
    this.#cookie = cookie;
    this.#url = async () => (typeof url === 'function' ? url() : url);
    this.#events = new Emitter((thrown, event) => {
      // A listener for errors that throws itself has nobody left to tell.
      if (event === 'error') return;
      this.#events.emit(
        'error',
        new ChatError('internal', `a listener for ${event} threw`, { cause: thrown }),
      );
    });
    this.#rooms = new Rooms({
      messages: (room, messages) => this.#outbox.settle(room, messages.filter(this.#isMine)),
      change: (room, delta) => this.#events.emit('change', { room, delta }),
      reset: room => this.#events.emit('reset', { room }),
      joined: room => this.#events.emit('joined', { room }),
      left: room => {
        this.#outbox.settle(room.id, []);
        this.#events.emit('left', { room });
      },
      read: room => this.#events.emit('read', { room }),
    });
    this.#outbox = new Outbox({
      ...runtime,
      isLive: () => this.#uplink.connection !== undefined,
      isShown: (room, { version, seq }) => {
        const replica = this.rooms.get(room);
        return !replica || replica.version >= version || replica.messages.some(held => held.seq === seq);
      },
      isStored: (room, id) =>
        this.rooms.get(room)?.messages.some(held => held.id === id && this.#isMine(held)) === true,
      deliver: message => this.#deliver(message),
      onChange: message => {
        this.#keeper?.follow(message);
        this.#events.emit('outgoing', message);
      },
    });
    const oddity = (error: ChatError) => this.#events.emit('error', error);
    this.#keeper = options.outbox?.(this.#outbox, oddity);
    if (token === undefined) {
      this.#login = new Login({
        runtime,
        url: this.#url,
        grant,
        store,
        cookie,
        renewed: grant => this.#renewed(grant),
        ended: error => this.#uplink.stop('unauthorized', error.message),
        oddity,
      });
    }
    this.#tokens = this.#login ?? givenToken(token ?? '');
    this.#uplink = new Uplink({ url: this.#url, tokens: this.#tokens }, runtime, {
      state: state => this.#follow(state),
      sync: (connection, hello) => this.#sync(connection, hello),
      event: event => this.#rooms.take(event),
      oddity,
    });
  }

  get state(): ConnectionState {
    return this.#uplink.state;
  }

  /** The rooms the user is in, by id, as of the last connection. */
  get rooms(): ReadonlyMap<string, RoomReplica> {
    return this.#rooms.replicas;
  }

  /** Who is signed in; unknown before the first connection. */
  get me(): User | undefined {
    return this.#me;
  }

  /**
   * Messages that are answered and whose change is on its way, those that are undecided, per room in order, and those that
   * failed and were neither retried nor discarded. Whenever an event is told, a message that was handed to `send` is either
   * in here or in its room's replica, if that reaches back so far: never in both, and in neither only once discarded.
   */
  get outgoing(): readonly OutgoingMessage[] {
    return this.#outbox.list();
  }

  /** Listens. The returned function ends it. */
  on<K extends keyof ChatEvents>(event: K, listener: (event: ChatEvents[K]) => unknown): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Connects and stays connected. Called while waiting to reconnect, it tries at once. Resolves when live; rejects when
   * the client is closed first (a ChatError: `unauthorized`, `forbidden` if the server refuses, `unavailable` after
   * `close`; or `signal.reason`: then it still goes on trying). The result may be ignored: the `state` event tells the same.
   */
  connect({ signal }: CallOptions = {}): Promise<void> {
    this.#uplink.start();
    const live = unlessAborted(
      this.#uplink.live().then(() => undefined),
      signal,
    );
    live.catch(() => undefined);
    return live;
  }

  /** Disconnects and stays so. Undecided messages stay undecided: `connect` goes on with them. */
  close(): void {
    if (this.state.name !== 'closed') this.#uplink.stop('closed', 'closed by the client');
  }

  /**
   * Signs out: closes, ends the login on the server (`everywhere`: all of the user's), with its connections, and forgets the
   * grant. If that rejects (a ChatError, `unavailable`: the server wasn't reached), the client is closed but still signed in:
   * call it again.
   */
  async logout(asked: CallOptions & Pick<LogoutOptions, 'everywhere'> = {}): Promise<void> {
    this.close();
    try {
      await this.#endLogin(asked);
    } catch (thrown) {
      asked.signal?.throwIfAborted();
      const error = ChatError.of(thrown);
      // Ended already, which is what was wanted.
      if (error.code !== 'unauthorized' || !this.#tokens.canRenew) throw error;
    }
    // Known also where this client was never connected.
    const user = this.#me ?? this.#login?.user;
    await this.#login?.end();
    if (user) await this.#keeper?.erase(user.id);
  }

  async #endLogin(asked: LogoutOptions): Promise<void> {
    const url = await this.#url();
    const options = { ...asked, fetch: this.#runtime.fetch, cookie: this.#cookie };
    const token = await this.#tokens.token(undefined);
    try {
      await logout(url, token, options);
    } catch (thrown) {
      if (ChatError.of(thrown).code !== 'unauthorized' || !this.#tokens.canRenew) throw thrown;
      // The token may have expired by the server's clock: only another one can end the login.
      await logout(url, await this.#tokens.token(token), options);
    }
  }

  /**
   * Sends a message, now or as soon as possible. Messages of one room keep their order. With an `outbox`, it outlasts the
   * page a moment later; before the first connection, as soon as it is known who sends it. With an `id` of one's own, sending
   * the same again, also from another process, is one message: a bot that answers with the id of the question answers once.
   * @throws {ChatError} `outbox_full`: too many messages are undecided.
   */
  send(room: string, text: string, { id }: { id?: string } = {}): OutgoingMessage {
    return this.#outbox.add(room, text, id);
  }

  /** What was being written in a room, on this visit or an earlier one, if there is an `outbox`; empty: nothing. */
  async draft(room: string): Promise<string> {
    return (await this.#keeper?.draft(room)) ?? '';
  }

  /** Keeps what is being written in a room, if there is an `outbox`. @param text empty: forgets it. */
  async saveDraft(room: string, text: string): Promise<void> {
    await this.#keeper?.saveDraft(room, text);
  }

  /** Sends a failed message again, with its id. `false`: there is no such message, or the outbox is full. */
  retry(id: string): boolean {
    return this.#outbox.retry(id);
  }

  /** Forgets a failed message. `false`: there is no such message. */
  discard(id: string): boolean {
    return this.#outbox.discard(id);
  }

  /**
   * Asks for one operation. While connecting or reconnecting it waits for the connection, at most 10 s; and as long where
   * the server says that it is asked too often. It is performed once: unlike `send`, a call whose connection ends before
   * the answer is not repeated.
   * Rejects with a ChatError (`unavailable`, also when not connected; `timeout`; or what the server answers), or with
   * `signal.reason` once the signal is aborted.
   */
  async call<N extends CallableOperation>(
    op: N,
    input: Input<N>,
    { signal }: CallOptions = {},
  ): Promise<Output<N>> {
    signal?.throwIfAborted();
    return await unlessAborted(this.#ask(op, input, signal), signal);
  }

  /**
   * A room's messages in pages, newest page first, each ascending; with `after`, oldest page first. A page is asked for
   * when it is wanted; those that join the messages a replica holds are in there, too.
   *
   * ```ts
   * for await (const page of client.history(room)) if (!wantsMore(page)) break;
   * ```
   */
  history(room: string, options: HistoryOptions = {}): AsyncGenerator<Message[], void, undefined> {
    return historyPages(this.#call, room, options);
  }

  /** A room's members in pages, the longest-standing first. */
  members(room: string, options: PageOptions = {}): AsyncGenerator<Member[], void, undefined> {
    return memberPages(this.#call, room, options);
  }

  /** Public rooms in pages, by name, those that the user is in included. */
  browse(options: BrowseOptions = {}): AsyncGenerator<Room[], void, undefined> {
    return browsePages(this.#call, options);
  }

  /**
   * The user has read a room up to `seq`, or all that is held of it. The mark never goes back; called often, it is told as
   * often as answers come. Resolves once the server has it; rejects like `call`. The result may be ignored.
   */
  markRead(room: string, seq = this.rooms.get(room)?.info.lastSeq ?? 0): Promise<void> {
    const { readSeq = 0 } = this.rooms.get(room)?.info ?? {};
    if (seq <= readSeq) return Promise.resolve();
    const marked = this.#readMarks.mark(room, seq);
    marked.catch(() => undefined);
    return marked;
  }

  readonly #call: typeof this.call = (op, input, options) => this.call(op, input, options);

  async #ask<N extends CallableOperation>(op: N, input: Input<N>, signal?: AbortSignal): Promise<Output<N>> {
    const { clock } = this.#runtime;
    const until = clock.now() + defaults.callWaitMs;
    for (;;) {
      try {
        return await this.#askNow(op, input, signal);
      } catch (thrown) {
        const { code, retryAfterMs } = ChatError.of(thrown);
        if (code !== 'rate_limited' || retryAfterMs === undefined || clock.now() + retryAfterMs > until)
          throw thrown;
        await new Promise<void>(resolve => clock.after(retryAfterMs, resolve));
      }
    }
  }

  async #askNow<N extends CallableOperation>(
    op: N,
    input: Input<N>,
    signal?: AbortSignal,
  ): Promise<Output<N>> {
    const connection = this.#uplink.connection ?? (await this.#uplink.live(defaults.callWaitMs));
    signal?.throwIfAborted();
    const output = await connection.request(op, input);
    this.#learn(op, input, output);
    return output;
  }

  /** Some answers carry messages of a replica, or its read mark. */
  #learn(op: CallableOperation, input: Input<CallableOperation>, output: Output<CallableOperation>): void {
    if (!('room' in input)) return;
    if ('readSeq' in output) this.#rooms.markRead(input.room, output.readSeq);
    if (!('messages' in output)) return;
    if (op === 'room.join') this.#rooms.addJoinPage(input.room, output.messages);
    else this.#rooms.addPage(input.room, output.messages);
  }

  async #deliver({ room, id, text }: OutgoingMessage): Promise<Message> {
    const connection = this.#uplink.connection;
    if (!connection) throw new ChatError('unavailable', 'not connected');
    return (await connection.request('message.send', { room, id, text })).message;
  }

  async #sync(connection: Connection, hello: Hello): Promise<void> {
    if (this.#me && this.#me.id !== hello.user.id) {
      // Replicas and outbox belong to the first user: nothing of them may go out under another name.
      this.#uplink.stop('refused', 'the token is of another user than before');
      return;
    }
    this.#me = hello.user;
    await this.#keeper?.open({ user: hello.user.id, log: hello.log });
    await this.#rooms.sync(connection, hello);
  }

  #renewed(grant: HeldGrant): void {
    this.#events.emit('grant', grant);
    // If it fails, the server ends the connection with its old token, and the next one comes with the new one.
    this.#uplink.connection?.request('token.renew', { token: grant.token }).catch(() => undefined);
  }

  #follow(state: ConnectionState): void {
    if (state.name === 'live') this.#login?.keep();
    else this.#login?.rest();
    if (state.name === 'closed' && state.reason === 'unauthorized') void this.#login?.end();
    this.#events.emit('state', state);
    this.#outbox.resume();
  }

  readonly #isMine = (message: Message): boolean => message.sender.id === this.#me?.id;
}
