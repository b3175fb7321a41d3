import type { ServerEvent } from '../../contract/events.ts';
import { limits } from '../../contract/limits.ts';
import type { User } from '../../contract/objects.ts';
import type { Input, Output, SyncedRoom } from '../../contract/operations.ts';
import { searchKey } from '../../contract/search-key.ts';
import type { SocketOperation } from '../connection.ts';
import { ChatError } from '../errors.ts';
import { MemoryRoom, type Seat } from './memory-room.ts';

/** The operations that need neither a socket nor a login to be known, and that no administration is needed for. */
export type ChatOperation = Exclude<
  SocketOperation,
  | `account.${'logout' | 'password' | 'list' | 'get' | 'disable' | 'enable' | 'promote' | 'demote'}`
  | 'administrator.claim'
  | 'token.renew'
>;
type Handlers = { [N in ChatOperation]: (user: User, input: Input<N>) => Output<N> };

export interface MemoryChatOptions {
  /** ISO 8601. */
  now: () => string;
  newId: () => string;
  /** Tells a user's live connections. */
  tell: (user: string, event: ServerEvent) => void;
  log: string;
}

/** People, rooms and messages in memory, and every operation on them, with the errors of the contract. */
export class MemoryChat {
  readonly users = new Map<string, User>();
  readonly #rooms = new Map<string, MemoryRoom>();
  readonly #options: MemoryChatOptions;

  constructor(options: MemoryChatOptions) {
    this.#options = options;
    this.#make('public', 'general', undefined);
  }

  /** A new account, which is in `general`. */
  enrol(username: string, displayName: string): User {
    const { newId, now } = this.#options;
    const user = { id: newId(), username, displayName, createdAt: now() };
    this.users.set(user.id, user);
    for (const room of this.#rooms.values()) {
      if (room.name === 'general') this.#change(room, () => room.admit(user, 'member', now()));
    }
    return user;
  }

  named(username: string): User | undefined {
    return [...this.users.values()].find(user => user.username === username);
  }

  texts(room: string): string[] {
    return this.#rooms.get(room)?.messages.map(({ text }) => text) ?? [];
  }

  /** @throws {ChatError} as the server would answer. */
  perform<N extends ChatOperation>(op: N, user: User, input: Input<N>): Output<N> {
    const handler = Object.hasOwn(this.#handlers, op) ? this.#handlers[op] : undefined;
    if (!handler) throw new ChatError('bad_request', 'no such operation');
    return handler(user, input);
  }

  readonly #handlers: Handlers = {
    ping: () => ({ at: this.#options.now() }),
    'account.me': user => ({ user }),
    'user.find': (_user, { query, limit = limits.usersPage }) => {
      const key = searchKey(query.trim());
      const matches = (name: string) => key !== '' && searchKey(name).startsWith(key);
      const found = [...this.users.values()].filter(
        user => matches(user.username) || matches(user.displayName),
      );
      const place = ({ username }: User) => (username === key ? '' : username);
      return { users: found.sort(by(place)).slice(0, limit) };
    },

    'room.create': (user, { id, name, kind = 'public', topic }) => {
      const known = this.#rooms.get(id ?? '');
      const seat = known?.seatOf(user.id);
      if (known && seat?.since === 1 && seat.member.role === 'owner') return { room: known.seenBy(user.id) };
      this.#requireFreeName(kind, name);
      if (known) throw new ChatError('id_conflict', 'id: of another room');
      const room = this.#make(kind, name.trim(), topic, id);
      this.#change(room, () => room.admit(user, 'owner', this.#options.now()));
      return { room: room.seenBy(user.id) };
    },
    'room.list': user => ({ rooms: this.#roomsOf(user).map(room => room.seenBy(user.id)) }),
    'room.browse': (user, { query = '', cursor, limit = limits.listPage }) => {
      const found = [...this.#rooms.values()]
        .filter(room => room.kind === 'public' && keyOf(room.name).includes(keyOf(query)))
        .sort(by(room => keyOf(room.name)))
        .filter(room => cursor === undefined || keyOf(room.name) > cursor);
      const page = found.slice(0, limit);
      const next = found.length > limit ? keyOf(page.at(-1)?.name) : undefined;
      return { rooms: page.map(room => room.seenBy(user.id)), ...(next !== undefined && { cursor: next }) };
    },
    'room.get': (user, { room }) => ({ room: this.#visible(user, room).seenBy(user.id) }),
    'room.update': (user, { room: id, name, topic }) => {
      const room = this.#visible(user, id);
      refuseDirect(room);
      if (room.seatOf(user.id)?.member.role !== 'owner') throw new ChatError('forbidden', 'not the owner');
      if (name !== undefined && keyOf(name) !== keyOf(room.name)) this.#requireFreeName(room.kind, name);
      const now = { name: name?.trim() ?? room.name, topic: (topic ?? room.topic)?.trim() || undefined };
      if (now.name !== room.name || now.topic !== room.topic) {
        this.#change(room, () => room.rename(now.name, now.topic));
      }
      return { room: room.seenBy(user.id) };
    },
    'room.join': (user, { room: id, history = limits.historyPage }) => {
      const room = this.#visible(user, id);
      refuseDirect(room);
      if (!room.seatOf(user.id)) {
        if (room.seats.get(user.id)?.isRemoved) throw new ChatError('forbidden', 'only by invitation');
        this.#change(room, () => room.admit(user, 'member', this.#options.now()));
      }
      return { room: room.seenBy(user.id), messages: history === 0 ? [] : room.messages.slice(-history) };
    },
    'room.leave': (user, { room: id }) => {
      const room = this.#visible(user, id);
      refuseDirect(room);
      const seat = room.seatOf(user.id);
      if (seat) this.#change(room, () => room.release(seat, this.#options.now(), false));
      return {};
    },
    'room.invite': (user, { room: id, user: guestId }) => {
      const room = this.#joined(user, id).room;
      refuseDirect(room);
      const guest = this.#user(guestId);
      if (!room.seatOf(guestId)) {
        this.#change(room, () => room.admit(guest, 'member', this.#options.now()));
      }
      const { member } = this.#joined(guest, id).seat;
      return { member };
    },
    'room.remove': (user, { room: id, user: memberId }) => {
      const { room, seat } = this.#joined(user, id);
      refuseDirect(room);
      if (seat.member.role !== 'owner') throw new ChatError('forbidden', 'not the owner');
      if (memberId === user.id) throw new ChatError('bad_request', 'leave the room instead');
      const removed = room.seats.get(memberId);
      if (!removed) throw new ChatError('not_found', 'no such member');
      if (removed.member.in) this.#change(room, () => room.release(removed, this.#options.now(), true));
      removed.isRemoved = true;
      return {};
    },
    'room.members': (user, { room, cursor = '0', limit = limits.listPage }) => {
      const found = this.#joined(user, room).room.present.filter(({ since }) => since > Number(cursor));
      const page = found.slice(0, limit);
      return {
        members: page.map(({ member }) => member),
        ...(found.length > limit && { cursor: String(page.at(-1)?.since) }),
      };
    },
    'room.changes': (user, { room, after, limit = limits.maxChangesPage }) => {
      const { delta, more } = this.#joined(user, room).room.changes(after + 1, limit);
      return { delta, more };
    },
    'room.read': (user, { room: id, seq }) => {
      const { room, seat } = this.#joined(user, id);
      const readSeq = Math.max(seat.readSeq, Math.min(seq, room.messages.length));
      if (readSeq > seat.readSeq) {
        seat.readSeq = readSeq;
        this.#options.tell(user.id, { event: 'read', room: id, seq: readSeq });
      }
      return { readSeq };
    },

    'direct.open': (user, input) => {
      const peer = 'user' in input ? this.#user(input.user) : this.named(input.username.toLowerCase());
      if (!peer) throw new ChatError('not_found', 'no such user');
      if (peer.id === user.id) throw new ChatError('bad_request', 'a direct room needs another person');
      const isTheirs = (room: MemoryRoom) => room.kind === 'direct' && room.seats.has(peer.id);
      const room = this.#roomsOf(user).find(isTheirs) ?? this.#make('direct', null, undefined);
      if (room.seats.size === 0) {
        this.#change(room, () => {
          for (const person of [user, peer]) room.admit(person, 'member', this.#options.now());
        });
      }
      return { room: room.seenBy(user.id) };
    },

    'message.send': (user, { room: id, id: messageId, text }) => {
      if (text === '') throw new ChatError('bad_request', 'text: empty');
      if (new TextEncoder().encode(text).length > limits.maxTextBytes) {
        throw new ChatError('too_large', `a message has at most ${limits.maxTextBytes} bytes`);
      }
      const sent = this.#rooms
        .get(id)
        ?.messages.find(message => message.id === messageId && message.sender.id === user.id);
      if (sent && sent.text !== text) throw new ChatError('id_conflict', 'id: used for another text');
      if (sent) return { message: sent };
      const { room } = this.#joined(user, id);
      return { message: this.#change(room, () => room.post(user, messageId, text, this.#options.now())) };
    },
    'message.history': (user, { room, before, after, limit = limits.historyPage }) => {
      const { messages } = this.#joined(user, room).room;
      if (after !== undefined) {
        return { messages: messages.slice(after, after + limit), more: messages.length > after + limit };
      }
      const end = Math.max(0, Math.min(messages.length, (before ?? messages.length + 1) - 1));
      return { messages: messages.slice(Math.max(0, end - limit), end), more: end > limit };
    },

    sync: (user, { log, rooms: held = {}, history = limits.historyPage }) => {
      const mine = this.#roomsOf(user);
      const known = log === this.#options.log ? held : {};
      const isIn = new Set(mine.map(({ id }) => id));
      return {
        rooms: mine.map(room => caughtUp(room, user, known[room.id], history)),
        left: Object.keys(held).filter(id => !isIn.has(id)),
      };
    },
  };

  #make(
    kind: MemoryRoom['kind'],
    name: string | null,
    topic: string | undefined,
    id = this.#options.newId(),
  ): MemoryRoom {
    const room = new MemoryRoom(id, kind, name, topic, this.#options.now());
    this.#rooms.set(room.id, room);
    return room;
  }

  /** Changes a room, and tells everyone whom it concerns. */
  #change<T>(room: MemoryRoom, change: () => T): T {
    const from = room.version + 1;
    const result = change();
    const { delta } = room.changes(from);
    for (const [user, { member, since }] of room.seats) {
      const hasCome = member.in && since >= from;
      const hasGone = !member.in && member.version >= from;
      if (hasCome) this.#options.tell(user, { event: 'joined', room: room.seenBy(user) });
      else if (member.in || hasGone) this.#options.tell(user, { event: 'change', ...delta });
      if (hasGone) this.#options.tell(user, { event: 'left', room: room.id });
    }
    return result;
  }

  #user(id: string): User {
    const user = this.users.get(id);
    if (!user) throw new ChatError('not_found', 'no such user');
    return user;
  }

  /** Most recently active first. */
  #roomsOf(user: User): MemoryRoom[] {
    const activity = (room: MemoryRoom) => `${room.messages.at(-1)?.at ?? room.createdAt} ${room.id}`;
    return [...this.#rooms.values()]
      .filter(room => room.seatOf(user.id))
      .sort(by(activity))
      .reverse();
  }

  #visible(user: User, id: string): MemoryRoom {
    const room = this.#rooms.get(id);
    if (!room || (room.kind !== 'public' && !room.seatOf(user.id))) {
      throw new ChatError('not_found', 'no such room');
    }
    return room;
  }

  #joined(user: User, id: string): { room: MemoryRoom; seat: Seat } {
    const room = this.#visible(user, id);
    const seat = room.seatOf(user.id);
    if (!seat) throw new ChatError('forbidden', 'join the room first');
    return { room, seat };
  }

  #requireFreeName(kind: MemoryRoom['kind'], name: string): void {
    const isTaken = (room: MemoryRoom) => room.kind === 'public' && keyOf(room.name) === keyOf(name);
    if (kind === 'public' && [...this.#rooms.values()].some(isTaken)) {
      throw new ChatError('name_taken', 'another public room has this name');
    }
  }
}

function caughtUp(room: MemoryRoom, user: User, held: number | undefined, history: number): SyncedRoom {
  const seen = room.seenBy(user.id);
  if (held === room.version) return { room: seen, reset: false };
  if (held !== undefined && held < room.version) {
    const { delta, rows } = room.changes(held + 1);
    if (rows <= limits.maxSyncRows) return { room: seen, reset: false, delta };
  }
  return { room: seen, reset: true, messages: history === 0 ? [] : room.messages.slice(-history) };
}

function refuseDirect({ kind }: MemoryRoom): void {
  if (kind === 'direct') throw new ChatError('forbidden', 'not in a direct room');
}

function keyOf(name: string | null | undefined): string {
  return (name ?? '').trim().normalize('NFKC').toLowerCase();
}

function by<T>(key: (item: T) => string): (one: T, other: T) => number {
  return (one, other) => (key(one) < key(other) ? -1 : 1);
}
