import assert from 'node:assert/strict';
import type { Delta, Member, Message, Room, User } from '../../src/contract/objects.ts';
import type { Output } from '../../src/contract/operations.ts';
import { ChatClient, type ChatClientOptions } from '../../src/sdk/index.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { ana, FakeNetwork, type FakeSocket, hello } from './fake-socket.ts';

/** A client with a clock and a network that the test moves by hand, and all it told. */
export class FakeChat {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork();
  /** The latest fetches, and what each is answered with (by default: the server is not there). */
  readonly fetched: Request[] = [];
  respond: (request: Request) => Response = () => {
    throw new TypeError('fetch failed');
  };
  readonly client: ChatClient;
  /** `state live`, `outgoing id-1 sent`, `change room-1 1–2` … in the order in which they were told. */
  readonly told: string[] = [];
  #ids = 0;

  constructor(options: Partial<ChatClientOptions> = {}) {
    this.client = new ChatClient({
      url: 'http://chat.test',
      token: 'token-1',
      clock: this.clock,
      random: () => 0.5,
      newId: () => `id-${++this.#ids}`,
      WebSocket: this.network.WebSocket,
      fetch: async (...request) => {
        this.fetched.push(new Request(...request));
        return this.respond(new Request(...request));
      },
      ...options,
    });
    const { client, told } = this;
    client.on('state', ({ name }) => told.push(`state ${name}`));
    client.on('outgoing', ({ id, state }) => told.push(`outgoing ${id} ${state}`));
    client.on('change', ({ room, delta }) => told.push(`change ${room.id} ${delta.from}–${delta.version}`));
    client.on('reset', ({ room }) => told.push(`reset ${room.id}`));
    client.on('joined', ({ room }) => told.push(`joined ${room.id}`));
    client.on('left', ({ room }) => told.push(`left ${room.id}`));
    client.on('error', ({ message }) => told.push(`error ${message}`));
  }

  get socket(): FakeSocket {
    return this.network.last;
  }

  toldOf(event: string): string[] {
    return this.told.filter(line => line.startsWith(event));
  }

  /** Up to the request to sync, on the connection that the client has opened by now. */
  async greet(more: Parameters<typeof hello>[0] = {}): Promise<FakeSocket> {
    await settle();
    const { socket } = this;
    socket.open();
    await socket.receive(hello(more));
    return socket;
  }

  /** Live, with the rooms of this answer to `sync`. */
  async connect(answer: Output<'sync'>): Promise<FakeSocket> {
    void this.client.connect();
    const socket = await this.greet();
    await socket.answer('sync', answer);
    return socket;
  }

  /** Until the next attempt to connect. */
  async wait(): Promise<void> {
    const { state } = this.client;
    assert.equal(state.name, 'waiting');
    if (state.name === 'waiting') await this.clock.advance(state.retryInMs);
  }

  /** The connection is lost, the next one live again. */
  async reconnect(answer: Output<'sync'>): Promise<FakeSocket> {
    await this.socket.drop();
    await this.wait();
    const socket = await this.greet();
    await socket.answer('sync', answer);
    return socket;
  }
}

export function room(id: string, more: Partial<Room> = {}): Room {
  return {
    id,
    kind: 'public',
    name: id,
    createdAt: '2026-01-01T00:00:00.000Z',
    memberCount: 2,
    lastSeq: 0,
    version: 0,
    ...more,
  };
}

export function message(seq: number, more: Partial<Message> & { from?: User } = {}): Message {
  const { from = ana, ...fields } = more;
  const { id, username, displayName } = from;
  return {
    id: `message-${seq}`,
    seq,
    version: seq,
    sender: { id, username, displayName },
    text: `text ${seq}`,
    at: '2026-01-01T00:00:00.000Z',
    ...fields,
  };
}

export function member(user: User, version: number, more: Partial<Member> = {}): Member {
  return { user, role: 'member', in: true, at: '2026-01-01T00:00:00.000Z', version, ...more };
}

/** The live event of one message, which is also the room's next version. */
export function change(id: string, ...messages: Message[]): { event: 'change' } & Delta {
  const versions = messages.map(({ version }) => version);
  return { event: 'change', room: id, from: Math.min(...versions), version: Math.max(...versions), messages };
}

/** An answer to `sync` that brings these rooms anew, without messages. */
export function anew(...rooms: Room[]): Output<'sync'> {
  return { rooms: rooms.map(room => ({ room, reset: true, messages: [] })), left: [] };
}

/** An answer to `sync` for clients that have missed nothing. */
export function current(...rooms: Room[]): Output<'sync'> {
  return { rooms: rooms.map(room => ({ room, reset: false })), left: [] };
}
