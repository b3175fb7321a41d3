import type { Delta, Member, Message, Role, Room, RoomInfo, RoomKind, User } from '../../contract/objects.ts';

/** A person's place in a room; kept when they are out. */
export interface Seat {
  member: Member;
  /** The version with which they came in last. */
  since: number;
  readSeq: number;
  isRemoved: boolean;
}

/** One room in memory: every change takes the next version and stamps the row it changed. */
export class MemoryRoom {
  readonly id: string;
  readonly kind: RoomKind;
  readonly createdAt: string;
  readonly messages: Message[] = [];
  readonly seats = new Map<string, Seat>();
  name: string | null;
  topic: string | undefined;
  version = 0;
  #infoVersion = 0;

  constructor(id: string, kind: RoomKind, name: string | null, topic: string | undefined, createdAt: string) {
    this.id = id;
    this.kind = kind;
    this.name = name;
    this.topic = topic;
    this.createdAt = createdAt;
  }

  /** Those who are in, the longest-standing first. */
  get present(): Seat[] {
    return [...this.seats.values()].filter(({ member }) => member.in).sort((a, b) => a.since - b.since);
  }

  seatOf(user: string): Seat | undefined {
    const seat = this.seats.get(user);
    return seat?.member.in ? seat : undefined;
  }

  info(): RoomInfo {
    const { id, kind, name, topic, createdAt, version } = this;
    return {
      id,
      kind,
      name,
      ...(topic && { topic }),
      createdAt,
      memberCount: this.present.length,
      lastSeq: this.messages.length,
      version,
    };
  }

  /** The room as this user sees it. */
  seenBy(user: string): Room {
    const seat = this.seatOf(user);
    const peer =
      this.kind === 'direct' ? this.present.find(({ member }) => member.user.id !== user) : undefined;
    return {
      ...this.info(),
      ...(seat && { role: seat.member.role, readSeq: seat.readSeq }),
      ...(peer && { peer: peer.member.user }),
    };
  }

  /** Every row that changed from this version on, up to `limit` rows. `more`: there would be others. */
  changes(from: number, limit = Number.POSITIVE_INFINITY): { delta: Delta; rows: number; more: boolean } {
    const all = [
      ...this.messages.map(message => ({ version: message.version, message })),
      ...[...this.seats.values()].map(({ member }) => ({ version: member.version, member })),
      { version: this.#infoVersion, info: this.info() },
    ];
    const changed = all.filter(({ version }) => version >= from).sort((a, b) => a.version - b.version);
    const rows = changed.slice(0, limit);
    const more = rows.length < changed.length;
    const messages = rows.flatMap(row => ('message' in row ? row.message : []));
    const members = rows.flatMap(row => ('member' in row ? row.member : []));
    const info = rows.find(row => 'info' in row)?.info;
    const delta = {
      room: this.id,
      from,
      version: more ? (rows.at(-1)?.version ?? from) : this.version,
      ...(messages.length > 0 && { messages }),
      ...(members.length > 0 && { members, memberCount: this.present.length }),
      ...(info && { info }),
    };
    return { delta, rows: rows.length, more };
  }

  post({ id, username, displayName }: User, messageId: string, text: string, at: string): Message {
    const message: Message = {
      id: messageId,
      seq: this.messages.length + 1,
      version: ++this.version,
      sender: { id, username, displayName },
      text,
      at,
    };
    this.messages.push(message);
    return message;
  }

  admit(user: User, role: Role, at: string): void {
    const version = ++this.version;
    const member = { user, role, in: true, at, version };
    this.seats.set(user.id, { member, since: version, readSeq: this.messages.length, isRemoved: false });
  }

  /** The longest-standing member follows an owner. */
  release(seat: Seat, at: string, isRemoved: boolean): void {
    const wasOwner = seat.member.role === 'owner';
    seat.member = { ...seat.member, role: 'member', in: false, at, version: ++this.version };
    seat.isRemoved = isRemoved;
    const [next] = wasOwner ? this.present : [];
    if (next) next.member = { ...next.member, role: 'owner', version: ++this.version };
  }

  rename(name: string | null, topic: string | undefined): void {
    this.name = name;
    this.topic = topic;
    this.#infoVersion = ++this.version;
  }
}
