import type { Delta, Message, Room } from '../contract/objects.ts';
import type { Output } from '../contract/operations.ts';
import type { Connection, Hello, RoomEvent } from './connection.ts';
import { defaults } from './defaults.ts';
import { ChatError } from './errors.ts';
import { Replica, type RoomReplica } from './replica.ts';

/** What happened to the rooms; told after it was applied. */
export interface RoomsHandlers {
  /** Messages that have just come into a replica, before anything else tells of them. */
  messages(room: string, messages: readonly Message[]): void;
  change(room: RoomReplica, delta: Delta): void;
  reset(room: RoomReplica): void;
  joined(room: RoomReplica): void;
  left(room: RoomReplica): void;
  /** `unread` has changed. */
  read(room: RoomReplica): void;
}

/** The replicas of all rooms the user is in, and how they stay complete: sync, live events, repair. */
export class Rooms {
  readonly replicas = new Map<string, Replica>();
  readonly #handlers: RoomsHandlers;
  #activity = 0;
  #log: string | undefined;
  #me: string | undefined;
  #connection: Connection | undefined;
  /** Events that came before the answer to `sync` was applied, which they follow; `undefined` when live. */
  #held: RoomEvent[] | undefined;
  /** Rooms under repair, and the version that each must at least reach. */
  #repairs = new Map<string, number>();
  /** Pages of rooms whose `joined` hasn't come yet. */
  readonly #early = new Map<string, readonly Message[]>();

  constructor(handlers: RoomsHandlers) {
    this.#handlers = handlers;
  }

  /** Brings all replicas up to date over a new connection. Afterwards `take` keeps them so. */
  async sync(connection: Connection, hello: Hello): Promise<void> {
    this.#connection = connection;
    this.#held = [];
    this.#repairs = new Map();
    this.#early.clear();
    const answer = await connection.request('sync', {
      // Of another log than the server's, the versions mean nothing to it: it answers with resets.
      log: this.#log ?? hello.log,
      rooms: Object.fromEntries([...this.replicas].map(([id, { version }]) => [id, version])),
    });
    // The connection may have ended, and another one synced, before this line.
    if (this.#connection !== connection) return;
    this.#log = hello.log;
    this.#me = hello.user.id;
    const events = this.#held ?? [];
    this.#held = undefined;
    this.#applySync(answer);
    for (const event of events) this.take(event);
  }

  take(event: RoomEvent): void {
    if (this.#held) {
      if (this.#held.length < defaults.maxHeldEvents) this.#held.push(event);
      else this.#resync('too many events before the answer to sync');
      return;
    }
    switch (event.event) {
      case 'change': {
        const replica = this.replicas.get(event.room);
        if (replica) this.#apply(replica, event);
        break;
      }
      case 'joined':
        this.#join(event.room);
        break;
      case 'left':
        this.#leave(event.room);
        break;
      case 'read':
        this.markRead(event.room, event.seq);
        break;
      default:
      // An event of a newer server.
    }
  }

  /** Messages that came with an answer. They fill a replica up; its version stays. */
  addPage(room: string, page: readonly Message[]): void {
    const replica = this.replicas.get(room);
    if (!replica) return;
    replica.addPage(page);
    this.#handlers.messages(room, page);
  }

  /** The page that came with the answer to `room.join`, which `joined` may follow. */
  addJoinPage(room: string, page: readonly Message[]): void {
    if (this.replicas.has(room)) this.addPage(room, page);
    else this.#early.set(room, page);
  }

  /** The own read mark is here or beyond. */
  markRead(room: string, seq: number): void {
    const replica = this.replicas.get(room);
    if (!replica) return;
    replica.markRead(seq);
    this.#tellUnread(replica);
  }

  #applySync(answer: Output<'sync'>): void {
    const rooms = new Set(answer.rooms.map(({ room }) => room.id));
    // More than the answer's `left`: after a restore the server may know less of us than we named.
    for (const id of [...this.replicas.keys()]) if (!rooms.has(id)) this.#leave(id);
    // The most recently active first.
    const top = this.#activity + answer.rooms.length;
    this.#activity = top;
    for (const [index, synced] of answer.rooms.entries()) {
      const { room } = synced;
      const replica = this.replicas.get(room.id);
      if (synced.reset || !replica) this.#reset(room, synced.reset ? synced.messages : []);
      else this.#catchUp(replica, room, synced.delta);
      const held = this.replicas.get(room.id);
      if (held) held.activity = top - index;
    }
  }

  #reset(room: Room, messages: readonly Message[]): void {
    const replica = this.replicas.get(room.id) ?? new Replica(room, this.#me);
    this.replicas.set(room.id, replica);
    replica.reset(room, messages);
    this.#handlers.messages(room.id, messages);
    this.#handlers.reset(replica);
    this.#tellUnread(replica);
  }

  #catchUp(replica: Replica, room: Room, delta: Delta | undefined): void {
    if (room.version >= replica.version) replica.info = room;
    if (delta) this.#apply(replica, delta);
    if (replica.version < room.version) this.#repair(replica, room.version);
    this.#tellUnread(replica);
  }

  #apply(replica: Replica, delta: Delta): void {
    const news = replica.apply(delta);
    if (news === 'known') return;
    if (news === 'gap') {
      this.#repair(replica, delta.version);
      return;
    }
    if (news.messages?.length) replica.activity = ++this.#activity;
    this.#handlers.messages(replica.id, news.messages ?? []);
    this.#handlers.change(replica, news);
    this.#tellUnread(replica);
  }

  #tellUnread(replica: Replica): void {
    if (replica.toldUnread === replica.unread) return;
    replica.toldUnread = replica.unread;
    this.#handlers.read(replica);
  }

  #join(room: Room): void {
    const held = this.replicas.get(room.id);
    if (held) {
      this.#catchUp(held, room, undefined);
      return;
    }
    const replica = new Replica(room, this.#me);
    this.replicas.set(room.id, replica);
    replica.activity = ++this.#activity;
    const page = this.#early.get(room.id) ?? [];
    this.#early.delete(room.id);
    replica.addPage(page);
    this.#handlers.messages(room.id, page);
    this.#handlers.joined(replica);
  }

  #leave(id: string): void {
    const replica = this.replicas.get(id);
    if (!replica) return;
    this.replicas.delete(id);
    this.#handlers.left(replica);
  }

  /**
   * Reads what is missing up to `version`, page by page. One repair of a room at a time: Deltas that don't join meanwhile
   * are dropped, but how far they went is remembered, since nothing may follow them to show the gap again.
   */
  #repair(replica: Replica, version: number): void {
    const repairs = this.#repairs;
    const wanted = repairs.get(replica.id);
    repairs.set(replica.id, Math.max(version, wanted ?? 0));
    if (wanted !== undefined || !this.#connection) return;
    this.#pageChanges(this.#connection, replica, repairs)
      .catch((error: ChatError) => {
        // Out of the room: `left` says so, or has said so.
        if (error.code !== 'not_found' && error.code !== 'forbidden') this.#resync(error.message);
      })
      .finally(() => repairs.delete(replica.id));
  }

  async #pageChanges(connection: Connection, replica: Replica, repairs: Map<string, number>): Promise<void> {
    while (replica.version < (repairs.get(replica.id) ?? 0)) {
      const after = replica.version;
      const { delta } = await connection.request('room.changes', { room: replica.id, after });
      if (connection !== this.#connection || this.replicas.get(replica.id) !== replica) return;
      this.#apply(replica, delta);
      if (replica.version === after) throw new ChatError('internal', 'room.changes did not close the gap');
    }
  }

  /** The sync of the next connection repairs everything. */
  #resync(reason: string): void {
    this.#connection?.close(reason);
  }
}
