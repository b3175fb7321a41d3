import { setTimeout as delay } from 'node:timers/promises';
import {
  type ChatClient,
  ChatError,
  type ConnectionState,
  type Delta,
  type Message,
  type OutgoingMessage,
  type Room,
  type RoomReplica,
} from '../../sdk/index.ts';
import { excerpt, printableLines } from './printable.ts';
import type { Screen } from './terminal.ts';

/** Messages shown on entering a room. */
const pageOnEntering = 20;
const announcedLength = 60;
/** How long an operation's effect may take to arrive after its answer. */
const effectTimeoutMs = 10_000;
const decisionTimeoutMs = 10_000;

/** The client's events as lines on a screen, and the room one is in. */
export class Conversation {
  readonly client: ChatClient;
  readonly #screen: Screen;
  #current: RoomReplica | undefined;
  /** The newest message of the current room that is on the screen. */
  #shownSeq = 0;
  /** Rooms that came while one is being opened, which is the one that needs no announcement. */
  #unannounced: RoomReplica[] | undefined;
  #wasLive = false;

  constructor(client: ChatClient, screen: Screen) {
    this.client = client;
    this.#screen = screen;
    client.on('state', state => this.#showState(state));
    client.on('change', ({ room, delta }) => this.#showChange(room, delta));
    client.on('reset', ({ room }) => room === this.#current && this.#showNew());
    client.on('joined', ({ room }) => {
      if (this.#unannounced) this.#unannounced.push(room);
      else this.#announce(room);
    });
    client.on('left', ({ room }) => this.#goneFrom(room));
    client.on('outgoing', message => this.#showOutgoing(message));
    client.on('error', ({ message }) => this.notice(message));
  }

  get current(): RoomReplica | undefined {
    return this.#current;
  }

  /** All rooms, by name. */
  get rooms(): RoomReplica[] {
    return [...this.client.rooms.values()].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  }

  /** The room of this name that one is in; a direct room goes by the other's username. */
  find(name: string): RoomReplica | undefined {
    const wanted = name.toLowerCase();
    const named = (candidate: string) => this.rooms.find(room => nameOf(room).toLowerCase() === candidate);
    return named(wanted) ?? named(`@${wanted}`);
  }

  async enter(room: RoomReplica): Promise<void> {
    const { id, messages, completeFrom } = room;
    if (messages.length < pageOnEntering && completeFrom > 1) {
      await this.client
        .call('message.history', { room: id, before: completeFrom, limit: pageOnEntering })
        .catch(error => this.fail(error));
    }
    // Left while the history was on its way.
    if (this.client.rooms.get(id) !== room) return;
    this.#current = room;
    this.notice(`${nameOf(room)} · ${describe(room.info)}`);
    this.#shownSeq = (room.messages.slice(-pageOnEntering)[0]?.seq ?? room.completeFrom) - 1;
    this.#showNew();
    this.#showPrompt();
  }

  /** Enters the room that an operation opens to this user, once the client holds it. */
  async enterOpened(operation: Promise<{ room: { id: string } }>): Promise<void> {
    const arrived: RoomReplica[] = [];
    this.#unannounced = arrived;
    try {
      const { room } = await operation;
      await this.enter(await this.#held(room.id));
    } finally {
      this.#unannounced = undefined;
      for (const room of arrived) if (room !== this.#current) this.#announce(room);
    }
  }

  /** `general`, or else the first room. */
  async enterAny(): Promise<void> {
    const room = this.find('general') ?? this.rooms[0];
    if (room) await this.enter(room);
    else this.notice('you are in no room: /browse, /join NAME or /create NAME');
    this.#showPrompt();
  }

  async leave(room: RoomReplica): Promise<void> {
    await this.client.call('room.leave', { room: room.id });
    const gone = Promise.withResolvers<void>();
    const stop = this.client.on('left', event => event.room.id === room.id && gone.resolve());
    if (this.client.rooms.has(room.id)) await within(effectTimeoutMs, gone.promise);
    stop();
  }

  /** Sends to the current room. With a full outbox it waits until there is place. */
  async say(text: string): Promise<void> {
    const room = this.#current;
    if (!room) {
      this.print('! you are in no room: /enter NAME');
      return;
    }
    for (;;) {
      try {
        this.client.send(room.id, text);
        return;
      } catch (error) {
        if (!(error instanceof ChatError && error.code === 'outbox_full')) throw error;
        const [oldest] = this.#undecided();
        await oldest?.done.catch(() => undefined);
      }
    }
  }

  /** Waits until everything that was sent is decided, as long as that goes on. Answers how many messages are not. */
  async decided(): Promise<number> {
    let undecided = this.#undecided();
    if (undecided.length === 0 || this.client.state.name === 'closed') return undecided.length;
    if (this.client.state.name !== 'live')
      this.notice(`waiting until ${counted(undecided.length, 'message')} can be sent`);
    for (let before = Number.POSITIVE_INFINITY; undecided.length > 0 && undecided.length < before; ) {
      before = undecided.length;
      await within(decisionTimeoutMs, Promise.allSettled(undecided.map(({ done }) => done)));
      undecided = this.#undecided();
    }
    return undecided.length;
  }

  print(line: string): void {
    this.#screen.print(line);
  }

  notice(line: string): void {
    this.#screen.print(`— ${line} —`, 'notice');
  }

  /** Something that was asked for can't be done. */
  fail(error: unknown): void {
    this.print(`! ${error instanceof Error ? error.message : String(error)}`);
  }

  #undecided(): OutgoingMessage[] {
    // Those whose change is on its way are decided.
    return this.client.outgoing.filter(({ state }) => state === 'queued' || state === 'sending');
  }

  async #held(id: string): Promise<RoomReplica> {
    const held = this.client.rooms.get(id);
    if (held) return held;
    const { promise, resolve } = Promise.withResolvers<RoomReplica>();
    const arrive = ({ room }: { room: RoomReplica }) => room.id === id && resolve(room);
    const stops = [this.client.on('joined', arrive), this.client.on('reset', arrive)];
    const room = await within(effectTimeoutMs, promise);
    for (const stop of stops) stop();
    if (!room) throw new ChatError('timeout', 'the server did not say that you are in');
    return room;
  }

  #announce(room: RoomReplica): void {
    this.notice(`you are in ${nameOf(room)} now: /enter ${nameOf(room)}`);
  }

  #showState(state: ConnectionState): void {
    if (state.name === 'waiting') {
      const seconds = Math.max(1, Math.ceil(state.retryInMs / 1000));
      if (this.#wasLive) this.notice(`connection lost, reconnecting in ${seconds} s`);
      else if (seconds > 4) this.notice(`still no connection, trying again in ${seconds} s`);
      this.#wasLive = false;
    } else if (state.name === 'live') {
      this.#wasLive = true;
      if (this.#current) this.notice('connected again');
    } else if (state.name === 'closed' && state.reason !== 'closed') {
      this.print(`! disconnected for good: ${state.detail}`);
    }
    this.#showPrompt();
  }

  #showPrompt(): void {
    const { state } = this.client;
    const waiting = this.#undecided().length;
    const status = waiting > 0 ? `offline, ${waiting} waiting` : 'offline';
    this.#screen.prompt(
      `${this.#current ? nameOf(this.#current) : ''}${state.name === 'live' ? '' : ` (${status})`}> `,
    );
  }

  #showChange(room: RoomReplica, delta: Delta): void {
    if (room !== this.#current) {
      for (const { sender, text } of delta.messages ?? []) {
        this.#screen.print(
          `[${nameOf(room)}] ${sender.username}: ${excerpt(text, announcedLength)}`,
          'notice',
        );
      }
      return;
    }
    for (const { user, in: isIn } of delta.members ?? []) {
      if (user.id !== this.client.me?.id) this.notice(`${user.username} ${isIn ? 'came in' : 'left'}`);
    }
    if (delta.info) this.#showInfo(room);
    this.#showNew();
  }

  #showInfo(room: RoomReplica): void {
    this.notice(`this is ${nameOf(room)} now · ${describe(room.info)}`);
    this.#showPrompt();
  }

  /** Shows what the current room has and the screen hasn't. */
  #showNew(): void {
    const room = this.#current;
    if (!room) return;
    const isFirst = (message: Message) => message.seq > this.#shownSeq;
    const fresh = room.messages.filter(isFirst);
    const skipped = (fresh[0]?.seq ?? room.completeFrom) - this.#shownSeq - 1;
    if (skipped > 0) this.notice(`${counted(skipped, 'message')} not shown`);
    for (const message of fresh) this.#showMessage(message);
    this.#shownSeq = Math.max(this.#shownSeq, room.completeFrom - 1, fresh.at(-1)?.seq ?? 0);
    // Best effort, and said again with the next message.
    if (fresh.length > 0) void this.client.markRead(room.id, this.#shownSeq);
  }

  #showMessage({ at, sender, text }: Message): void {
    const [first = '', ...rest] = printableLines(text);
    this.print(`${timeOf(at)} ${sender.username}: ${first}`);
    // Set in, so that a message can't pass its second line off as somebody else's message.
    for (const line of rest) this.print(`      │ ${line}`);
  }

  #showOutgoing({ state, text, error }: OutgoingMessage): void {
    if (state === 'failed') this.print(`! not sent (${error?.message}): ${excerpt(text, announcedLength)}`);
    this.#showPrompt();
  }

  #goneFrom(room: RoomReplica): void {
    this.notice(`you are out of ${nameOf(room)}`);
    if (room !== this.#current) return;
    this.#current = undefined;
    this.#showPrompt();
  }
}

/** A room's name as it is shown and typed; a direct room goes by the other's username. */
export function nameOf(room: RoomReplica): string {
  const { name, peer, id } = room.info;
  return peer ? `@${peer.username}` : (name ?? id);
}

/** What there is to say about a room beside its name. */
export function describe({ kind, memberCount, topic }: Room): string {
  const members = counted(memberCount, 'member');
  return [kind === 'public' ? members : `${kind}, ${members}`, ...(topic ? [topic] : [])].join(' · ');
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function timeOf(at: string): string {
  const time = new Date(at);
  const digits = (value: number) => String(value).padStart(2, '0');
  const clock = `${digits(time.getHours())}:${digits(time.getMinutes())}`;
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? clock : `${digits(time.getMonth() + 1)}-${digits(time.getDate())} ${clock}`;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const abort = new AbortController();
  const timeout = delay(ms, undefined, { signal: abort.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    abort.abort();
  }
}
