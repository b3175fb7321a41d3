import type { Delta, Message, User } from '../contract/objects.ts';
import type { Input, Output } from '../contract/operations.ts';
import type { Connection, Hello, SocketOperation } from './connection.ts';
import { defaults } from './defaults.ts';
import { ChatError } from './errors.ts';
import { Emitter } from './events.ts';
import { uuidV7Maker } from './ids.ts';
import { Outbox, type OutgoingMessage } from './outbox.ts';
import type { RoomReplica } from './replica.ts';
import { Rooms } from './rooms.ts';
import { type Runtime, type SocketConstructor, systemClock } from './runtime.ts';
import { type ConnectionState, Uplink, type UplinkOptions } from './uplink.ts';

/** Address and token; and, where the surroundings lack something or a test wants its own, what to use instead. */
export interface ChatClientOptions extends UplinkOptions, Partial<Omit<Runtime, 'WebSocket'>> {
  WebSocket?: SocketConstructor;
}

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
  /** A message on its way changed its state. */
  outgoing: OutgoingMessage;
  /** Something that shouldn't be: a listener threw, a frame made no sense. The client goes on. */
  error: ChatError;
}

/** What {@link ChatClient.call} offers: every operation of the socket but `sync`, which is the client's own. */
export type CallableOperation = Exclude<SocketOperation, 'sync'>;

/**
 * A chat connection that stays: it reconnects by itself, keeps a replica of every room the user is in, and sends every
 * message exactly once.
 *
 * ```ts
 * const { token } = await login(url, { username, password });
 * const client = new ChatClient({ url, token });
 * client.on('change', ({ room, delta }) => show(room, delta.messages));
 * await client.connect();
 * client.send(roomId, 'Olá!');
 * ```
 */
export class ChatClient {
  readonly #uplink: Uplink;
  readonly #rooms: Rooms;
  readonly #outbox: Outbox;
  readonly #events: Emitter<ChatEvents>;
  #me: User | undefined;

  constructor(options: ChatClientOptions) {
    const clock = options.clock ?? systemClock;
    const runtime: Runtime = {
      clock,
      random: options.random ?? Math.random,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
      fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
      newId: options.newId ?? uuidV7Maker(clock.now),
    };
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
      left: room => this.#events.emit('left', { room }),
    });
    this.#outbox = new Outbox({
      ...runtime,
      isLive: () => this.#uplink.connection !== undefined,
      deliver: message => this.#deliver(message),
      onChange: message => this.#events.emit('outgoing', message),
    });
    this.#uplink = new Uplink(options, runtime, {
      state: state => this.#follow(state),
      sync: (connection, hello) => this.#sync(connection, hello),
      event: event => this.#rooms.take(event),
      oddity: error => this.#events.emit('error', error),
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

  /** Messages that are undecided, per room in order, then those that failed and were neither retried nor discarded. */
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
   * `close`). The result may be ignored: the `state` event tells the same.
   */
  connect(): Promise<void> {
    this.#uplink.start();
    const live = this.#uplink.live().then(() => undefined);
    live.catch(() => undefined);
    return live;
  }

  /** Disconnects and stays so. Undecided messages stay undecided: `connect` goes on with them. */
  close(): void {
    if (this.state.name !== 'closed') this.#uplink.stop('closed', 'closed by the client');
  }

  /**
   * Sends a message, now or as soon as possible. Messages of one room keep their order.
   * @throws {ChatError} `outbox_full`: too many messages are undecided.
   */
  send(room: string, text: string): OutgoingMessage {
    return this.#outbox.add(room, text);
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
   * Asks for one operation. While connecting or reconnecting it waits for the connection, at most 10 s. It is asked
   * once: unlike `send`, a call whose connection ends before the answer is not repeated.
   * Rejects with a ChatError (`unavailable`, also when not connected; `timeout`; or what the server answers), or with
   * `signal.reason` once the signal is aborted.
   */
  async call<N extends CallableOperation>(
    op: N,
    input: Input<N>,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Output<N>> {
    signal?.throwIfAborted();
    return await unlessAborted(this.#ask(op, input, signal), signal);
  }

  async #ask<N extends CallableOperation>(op: N, input: Input<N>, signal?: AbortSignal): Promise<Output<N>> {
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
    await this.#rooms.sync(connection, hello);
  }

  #follow(state: ConnectionState): void {
    this.#events.emit('state', state);
    this.#outbox.resume();
  }

  readonly #isMine = (message: Message): boolean => message.sender.id === this.#me?.id;
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
