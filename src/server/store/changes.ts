/** What changed in a room: its rows by version, in their latest state. */
import type { Delta, Member, Message, RoomInfo } from '../../contract/objects.ts';
import { withinAnswer } from './answer-size.ts';
import type { Database } from './database.ts';
import { membersOf } from './members.ts';
import { messagesOf } from './messages.ts';
import { memberOf, messageOf, roomInfoOf } from './rows.ts';

/** One changed row. */
export type Change =
  | { version: number; message: Message }
  | { version: number; member: Member }
  | { version: number; info: RoomInfo };

/** All changes of a room above version `after` up to version `head`, as one snapshot has them, ascending. */
export type ChangeRange = { after: number; head: number; memberCount: number; changes: Change[] };

export class Changes {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The `limit` oldest changes above `after`. `more`: the range ends below the room's head. */
  async above(room: string, after: number, limit: number): Promise<ChangeRange & { more: boolean }> {
    const { head, memberCount, changes } = await this.#read(room, after, limit + 1, 'asc');
    const page = withinAnswer(changes.slice(0, limit));
    const more = page.length < changes.length;
    return { after, head: more ? (page.at(-1)?.version ?? head) : head, memberCount, changes: page, more };
  }

  /** The `limit` newest changes; the range reaches as far back as they do. */
  async newest(room: string, limit: number): Promise<ChangeRange> {
    const { head, memberCount, changes } = await this.#read(room, 0, limit + 1, 'desc');
    const page = withinAnswer(changes.slice(0, limit));
    return { after: changes[page.length]?.version ?? 0, head, memberCount, changes: page.reverse() };
  }

  #read(room: string, after: number, limit: number, order: 'asc' | 'desc') {
    return this.#db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async tx => {
        const head = await tx
          .selectFrom('room_heads as h')
          .innerJoin('rooms as r', 'r.id', 'h.room_id')
          .select(['r.id', 'r.kind', 'r.name', 'r.topic', 'r.created_at', 'r.version as info_version'])
          .select(['h.version', 'h.member_count', 'h.last_seq'])
          .where('h.room_id', '=', room)
          .executeTakeFirstOrThrow();
        const messages = await messagesOf(tx, room)
          .where('m.version', '>', after)
          .orderBy('m.version', order)
          .limit(limit)
          .execute();
        const members = await membersOf(tx, room)
          .where('m.version', '>', after)
          .orderBy('m.version', order)
          .limit(limit)
          .execute();
        const changes: Change[] = [
          ...messages.map(row => ({ version: row.version, message: messageOf(row) })),
          ...members.map(row => ({ version: row.version, member: memberOf(row) })),
          ...(head.info_version > after ? [{ version: head.info_version, info: roomInfoOf(head) }] : []),
        ];
        const sign = order === 'asc' ? 1 : -1;
        changes.sort((one, other) => sign * (one.version - other.version));
        return { head: head.version, memberCount: head.member_count, changes: changes.slice(0, limit) };
      });
  }
}

/** The changes as a Delta from `from` to `version`. */
export function deltaOf(
  room: string,
  from: number,
  version: number,
  changes: readonly Change[],
  memberCount: number,
): Delta {
  const messages = changes.flatMap(change => ('message' in change ? change.message : []));
  const members = changes.flatMap(change => ('member' in change ? change.member : []));
  const info = changes.findLast(change => 'info' in change)?.info;
  return {
    room,
    from,
    version,
    ...(messages.length > 0 && { messages }),
    ...(members.length > 0 && { members, memberCount }),
    ...(info && { info }),
  };
}

/**
 * A range as Deltas that end where somebody left, since what came after that isn't theirs; and where the room was renamed,
 * since of that row a Delta tells the version by its own.
 */
export function deltasOf(room: string, range: ChangeRange): Delta[] {
  const { after, head, changes, memberCount } = range;
  const last = changes.filter(change => ('member' in change ? !change.member.in : 'info' in change));
  const ends = [...new Set([...last.map(change => change.version), head])];
  return ends.map((end, index) => {
    const from = (ends[index - 1] ?? after) + 1;
    const part = changes.filter(({ version }) => version >= from && version <= end);
    return deltaOf(room, from, end, part, memberCount);
  });
}

/** The rows of a Delta. */
export function changesOf(delta: Delta): Change[] {
  return [
    ...(delta.messages ?? []).map(message => ({ version: message.version, message })),
    ...(delta.members ?? []).map(member => ({ version: member.version, member })),
    ...(delta.info ? [{ version: delta.version, info: delta.info }] : []),
  ];
}

/** The part of a Delta from version `from` to version `upTo`. */
export function partOf(delta: Delta, from: number, upTo: number): Delta {
  if (from <= delta.from && upTo >= delta.version) return delta;
  const [first, last] = [Math.max(from, delta.from), Math.min(upTo, delta.version)];
  const isIn = (row: { version: number }) => row.version >= first && row.version <= last;
  const { info, ...rest } = delta;
  return {
    ...rest,
    from: first,
    version: last,
    ...(delta.messages && { messages: delta.messages.filter(isIn) }),
    ...(delta.members && { members: delta.members.filter(isIn) }),
    ...(info && last === delta.version && { info }),
  };
}

/** Two Deltas of which the second follows the first, as one. */
export function joined(first: Delta, second: Delta): Delta {
  const changes = latest([...changesOf(first), ...changesOf(second)]);
  const memberCount = second.memberCount ?? first.memberCount ?? 0;
  return deltaOf(first.room, first.from, second.version, changes, memberCount);
}

/** Each row once, in its latest state, ascending by version. */
export function latest(changes: readonly Change[]): Change[] {
  const rows = new Map<string | number, Change>();
  for (const change of changes) {
    const key = keyOf(change);
    if ((rows.get(key)?.version ?? 0) < change.version) rows.set(key, change);
  }
  return [...rows.values()].sort((one, other) => one.version - other.version);
}

function keyOf(change: Change): string | number {
  if ('message' in change) return change.message.seq;
  return 'member' in change ? change.member.user.id : 'info';
}
