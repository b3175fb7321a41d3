import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import type { ChatClient, ConnectionState, OutgoingMessage, Room, RoomReplica, User } from 'papo/sdk';
import { titleOf } from './people.ts';
import { Standing } from './standing.ts';
import { Timeline } from './timeline.ts';

/** A room as the list shows it. */
export interface RoomEntry {
  readonly id: string;
  readonly info: Room;
  readonly title: string;
  readonly unread: number;
}

/** A connected person's chat, as signals: what the client tells by events, for the views to read. */
export class Chat {
  readonly client: ChatClient;
  readonly standing: Standing;
  readonly #connection: ReturnType<typeof signal<ConnectionState>>;
  /** Counted up whenever something in the client has changed: it holds its state in place. */
  readonly #roomsChanged = signal(0);
  readonly #outgoingChanged = signal(0);
  readonly #hasSynced = signal(false);
  readonly #storageFailed = signal(false);
  readonly #unlisten: (() => void)[];
  #timeline: Timeline | undefined;

  /** The rooms, by name: they stay where they are. */
  readonly rooms: ReadonlySignal<readonly RoomEntry[]>;
  /** The direct messages, those spoken in last first. */
  readonly directs: ReadonlySignal<readonly RoomEntry[]>;

  constructor(client: ChatClient) {
    this.client = client;
    this.standing = new Standing(client);
    this.#connection = signal<ConnectionState>(client.state);
    const entries = computed(() => {
      this.#roomsChanged.value;
      return [...client.rooms.values()]
        .sort((a, b) => b.activity - a.activity)
        .map(replica => this.#entryOf(replica));
    });
    this.rooms = computed(() => entries.value.filter(({ info }) => info.kind !== 'direct').sort(byTitle));
    this.directs = computed(() => entries.value.filter(({ info }) => info.kind === 'direct'));
    const roomsChanged = () => void this.#roomsChanged.value++;
    this.#unlisten = [
      client.on('state', state => this.#follow(state)),
      client.on('change', roomsChanged),
      client.on('reset', roomsChanged),
      client.on('joined', roomsChanged),
      client.on('left', roomsChanged),
      client.on('read', roomsChanged),
      client.on('outgoing', () => void this.#outgoingChanged.value++),
      client.on('error', ({ code }) => {
        if (code === 'store_failed') this.#storageFailed.value = true;
      }),
    ];
  }

  /** Of the first connection on: what is shown is a person's real list. */
  get hasSynced(): boolean {
    return this.#hasSynced.value;
  }

  /** The browser keeps nothing: what is unsent doesn't survive a reload. */
  get storageFailed(): boolean {
    return this.#storageFailed.value;
  }

  get connection(): ConnectionState {
    return this.#connection.value ?? this.client.state;
  }

  /** Why the server doesn't take this page, in its own words; nothing changes that but another page. */
  get refusal(): string | undefined {
    const { connection } = this;
    return connection.name === 'closed' && connection.reason === 'refused' ? connection.detail : undefined;
  }

  get me(): User | undefined {
    this.#connection.value;
    return this.client.me;
  }

  /** Messages on their way, or failed; those of one room if it is given. */
  outgoing(room?: string): readonly OutgoingMessage[] {
    this.#outgoingChanged.value;
    // A message that has arrived leaves the outbox by a change of its room.
    this.#roomsChanged.value;
    const all = this.client.outgoing;
    return room === undefined ? all : all.filter(message => message.room === room);
  }

  room(id: string): RoomReplica | undefined {
    this.#roomsChanged.value;
    return this.client.rooms.get(id);
  }

  /** The timeline of the room that is open: one at a time. */
  timeline(replica: RoomReplica): Timeline {
    if (this.#timeline?.replica !== replica) {
      this.#timeline?.dispose();
      this.#timeline = new Timeline(this.client, replica);
    }
    return this.#timeline;
  }

  /** One has left the room: nothing in it is read any more, and coming back it opens anew. */
  close(timeline: Timeline): void {
    timeline.dispose();
    if (this.#timeline === timeline) this.#timeline = undefined;
  }

  /** @throws {ChatError} the server wasn't reached: the login has not ended. */
  async signOut({ everywhere }: { everywhere: boolean }): Promise<void> {
    await this.client.logout({ everywhere });
  }

  dispose(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#timeline?.dispose();
    this.client.close();
  }

  #entryOf({ id, info, unread, messages }: RoomReplica): RoomEntry {
    const { readSeq = info.lastSeq } = info;
    // What one has written oneself, on another device, isn't news.
    const own = messages.filter(
      ({ seq, sender }) => seq > readSeq && sender.id === this.client.me?.id,
    ).length;
    return { id, info, title: titleOf(info), unread: unread - own };
  }

  #follow(state: ConnectionState): void {
    const isFirst = state.name === 'live' && !this.#hasSynced.peek();
    batch(() => {
      this.#connection.value = state;
      if (isFirst) this.#hasSynced.value = true;
    });
    if (isFirst) void this.standing.ask();
  }
}

const names = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });
const byTitle = (a: RoomEntry, b: RoomEntry) => names.compare(a.title, b.title);
