import { limits } from '../contract/limits.ts';
import type { Delta, Member, Message, Room, RoomInfo } from '../contract/objects.ts';
import { defaults } from './defaults.ts';

/** What this client holds of one room. It changes in place, always before the event that tells of it. */
export interface RoomReplica {
  readonly id: string;
  /**
   * The room as `room.get` would describe it to this user, as of `info.version`; that is ahead of the replica's `version`
   * only while missing changes are being read.
   */
  readonly info: Room;
  /** Every change up to this one is in here. */
  readonly version: number;
  /** Messages above the user's read mark, their own included: `info.lastSeq − info.readSeq`. */
  readonly unread: number;
  /** Greater than that of rooms in which somebody spoke longer ago: to sort by. It counts, and says nothing else. */
  readonly activity: number;
  /** The newest messages, ascending by `seq`. */
  readonly messages: readonly Message[];
  /** `messages` is complete from this `seq` on; older ones come by `message.history`. */
  readonly completeFrom: number;
  /**
   * The members that were seen to come or go, by user id, those who left (`in: false`) included; all: `room.members`.
   * Rooms with very many members don't tell who comes and goes: there it is empty.
   */
  readonly members: ReadonlyMap<string, Member>;
}

/** One room's replica and the rule by which it changes. */
export class Replica implements RoomReplica {
  readonly id: string;
  info: Room;
  version: number;
  completeFrom: number;
  activity = 0;
  readonly messages: Message[] = [];
  readonly members = new Map<string, Member>();
  /** What was told of `unread` last. */
  toldUnread: number;
  readonly #me: string | undefined;

  /** @param me the id of the user whose replica it is: `info.role` follows their row. */
  constructor(room: Room, me?: string) {
    this.id = room.id;
    this.#me = me;
    this.info = room;
    this.version = room.version;
    this.completeFrom = room.lastSeq + 1;
    this.toldUnread = this.unread;
  }

  get unread(): number {
    const { lastSeq, readSeq = lastSeq } = this.info;
    return Math.max(0, lastSeq - readSeq);
  }

  /** Drops what is held: from here on there is only this page. */
  reset(room: Room, page: readonly Message[]): void {
    this.info = room;
    this.version = room.version;
    this.completeFrom = room.lastSeq + 1;
    this.messages.length = 0;
    this.members.clear();
    this.addPage(page);
  }

  /**
   * The replica rule. Answers the part of the Delta that was news; `known` if all of it was held already; `gap` if
   * changes before it are missing.
   */
  apply(delta: Delta): Delta | 'known' | 'gap' {
    const held = this.version;
    if (delta.version <= held) return 'known';
    if (delta.from > held + 1) return 'gap';
    for (const message of delta.messages ?? []) this.#upsertMessage(message);
    // In a crowded room it isn't told who came and went: what is known of members may no longer hold.
    const { memberCount, members } = delta;
    if (memberCount !== undefined && (!members || memberCount > limits.maxMembersTold)) this.members.clear();
    for (const member of delta.members ?? []) this.#upsertMember(member);
    this.version = delta.version;
    this.#describe(delta);
    const isNews = (row: { version: number }) => row.version > held;
    return {
      ...delta,
      from: held + 1,
      ...(delta.messages && { messages: delta.messages.filter(isNews) }),
      ...(delta.members && { members: delta.members.filter(isNews) }),
    };
  }

  /** Takes in a page of messages that joins those held. The version stays: only Deltas move it. */
  addPage(page: readonly Message[]): void {
    const [first] = page;
    const last = page.at(-1);
    if (!first || !last || last.seq < this.completeFrom - 1) return;
    this.completeFrom = Math.min(this.completeFrom, first.seq);
    for (const message of page) this.#upsertMessage(message);
  }

  /** The own read mark moved. It never goes back. */
  markRead(seq: number): void {
    this.info = { ...this.info, readSeq: Math.max(this.info.readSeq ?? 0, seq) };
  }

  #describe(delta: Delta): void {
    // Read from the server as of a later version: it holds all of this.
    if (this.info.version > delta.version) return;
    const { info, version, memberCount = this.info.memberCount, messages = [] } = delta;
    const me = delta.members?.find(({ user, in: isIn }) => isIn && user.id === this.#me);
    this.info = {
      ...(info ? renamed(this.info, info) : this.info),
      version,
      memberCount,
      lastSeq: Math.max(this.info.lastSeq, ...messages.map(({ seq }) => seq)),
      ...(me && { role: me.role }),
    };
  }

  #upsertMessage(message: Message): void {
    if (message.seq < this.completeFrom) return;
    const rows = this.messages;
    const before = rows.findLastIndex(({ seq }) => seq <= message.seq);
    const held = rows[before];
    if (held?.seq !== message.seq) rows.splice(before + 1, 0, message);
    else if (message.version > held.version) rows[before] = message;
    const excess = rows.length - defaults.maxMessagesPerRoom;
    if (excess > 0) {
      rows.splice(0, excess);
      this.completeFrom = rows[0]?.seq ?? this.completeFrom;
    }
  }

  #upsertMember(member: Member): void {
    const held = this.members.get(member.user.id);
    if (held && held.version >= member.version) return;
    // Set anew, so that the first one in the map is the one that was seen longest ago.
    this.members.delete(member.user.id);
    this.members.set(member.user.id, member);
    const [oldest] = this.members.keys();
    if (oldest !== undefined && this.members.size > defaults.maxMembersPerRoom) this.members.delete(oldest);
  }
}

/** With the name and topic of `now`, which may have none. */
function renamed({ topic: _, ...room }: Room, { name, topic }: RoomInfo): Room {
  return { ...room, name, ...(topic !== undefined && { topic }) };
}
