/** Rooms, read through the eyes of one user: what that user may not see isn't there. */
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { Id, type Role, type Room, type RoomInfo, Time, type User } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import { withinAnswer } from './answer-size.ts';
import { type Database, isUniqueViolation } from './database.ts';
import type { Page } from './page.ts';
import { requireSpace } from './room-space.ts';
import { roomInfoOf } from './rows.ts';

/** A room's name as it is compared: two public rooms never have the same. */
export const nameKey = (name: string) => name.normalize('NFKC').toLowerCase();

export type NewRoom = { id: string; kind: 'public' | 'private'; name: string; topic: string | undefined };

export class Rooms {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** All rooms the user is in, most recently active first; memberships and heads of one snapshot. */
  async of(user: string): Promise<Room[]> {
    const rows = await roomsByActivity(this.#db, user).execute();
    return rows.map(roomOf);
  }

  /** The same in pages. The cursor says when the last room of a page was active, and which it was. */
  async list(user: string, after: string | undefined, limit: number): Promise<Page<Room>> {
    let rows = roomsByActivity(this.#db, user).limit(limit + 1);
    if (after !== undefined) {
      const { at, id } = parseActivity(after);
      rows = rows.where(sql<boolean>`(${activity}, r.id) < (${at}::timestamptz, ${id}::uuid)`);
    }
    const found = await rows.execute();
    const items = withinAnswer(found.slice(0, limit).map(roomOf));
    const last = found[items.length - 1];
    return {
      items,
      cursor: last && found.length > items.length ? `${last.active_at.toISOString()} ${last.id}` : undefined,
    };
  }

  /** Every room but direct ones, as nobody in particular sees them. The cursor is the last one's id. */
  async all(after: string | undefined, limit: number): Promise<Page<RoomInfo>> {
    let rows = this.#db
      .selectFrom('rooms as r')
      .innerJoin('room_heads as h', 'h.room_id', 'r.id')
      .select(['r.id', 'r.kind', 'r.name', 'r.topic', 'r.created_at'])
      .select(['h.last_seq', 'h.version', 'h.member_count'])
      .where('r.kind', '!=', 'direct')
      .orderBy('r.id')
      .limit(limit + 1);
    if (after !== undefined) rows = rows.where('r.id', '>', after);
    const found = await rows.execute();
    const page = found.slice(0, limit);
    return {
      items: page.map(roomInfoOf),
      cursor: found.length > limit ? page.at(-1)?.id : undefined,
    };
  }

  /**
   * A room the user may see: any public one, and those the user is in.
   * @throws OperationError `not_found`, the same for a hidden room and for none.
   */
  async visibleTo(user: string, room: string): Promise<Room> {
    const row = await roomsSeenBy(this.#db, user)
      .where('r.id', '=', room)
      .where(eb => eb.or([eb('r.kind', '=', 'public'), eb('m.user_id', 'is not', null)]))
      .executeTakeFirst();
    if (row === undefined) throw new OperationError('not_found', 'no such room');
    return roomOf(row);
  }

  /**
   * A room the user is in.
   * @throws OperationError `not_found` as above; `forbidden` for a public room the user is not in.
   */
  async joinedBy(user: string, room: string): Promise<Room> {
    const seen = await this.visibleTo(user, room);
    if (seen.role === undefined) throw new OperationError('forbidden', 'join the room first');
    return seen;
  }

  /** Public rooms by name, those whose name contains `query`. */
  async browse(user: string, query: string, after: string | undefined, limit: number): Promise<Page<Room>> {
    let rows = roomsSeenBy(this.#db, user)
      .select('r.name_key')
      .where('r.kind', '=', 'public')
      .orderBy('r.name_key')
      .limit(limit + 1);
    if (query !== '') rows = rows.where(sql<boolean>`position(${nameKey(query)} in r.name_key) > 0`);
    if (after !== undefined) rows = rows.where('r.name_key', '>', after);
    const found = await rows.execute();
    const page = found.slice(0, limit);
    return {
      items: page.map(roomOf),
      cursor: found.length > limit ? (page.at(-1)?.name_key ?? undefined) : undefined,
    };
  }

  /**
   * A new room, owned by whoever creates it: their coming in is the room's first version. Nothing happens if they have
   * created it before. Without an owner nobody is in it.
   * @throws OperationError `name_taken` for a second public room of a name, `id_conflict` for another one's room,
   * `forbidden` when the owner is in as many rooms as one can be.
   */
  async create(owner: User | undefined, { id, kind, name, topic }: NewRoom): Promise<void> {
    try {
      await this.#db.transaction().execute(async tx => {
        await tx
          .insertInto('rooms')
          .values({ id, kind, name, name_key: nameKey(name), topic: topic ?? null, direct_pair: null })
          .execute();
        // After the room: who has made it before is to be answered with it, however many rooms they are in.
        if (owner !== undefined) await requireSpace(tx, owner.id);
        await seat(tx, id, owner === undefined ? [] : [{ user: owner.id, role: 'owner' }]);
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      if (owner !== undefined && (await this.wasCreatedBy(owner.id, id))) return;
      throw new OperationError(isUniqueViolation(error, 'rooms_public_name') ? 'name_taken' : 'id_conflict');
    }
  }

  /** Whether a user has been in a room since its first version. */
  async wasCreatedBy(user: string, room: string): Promise<boolean> {
    const first = await this.#db
      .selectFrom('members')
      .select('since')
      .where('room_id', '=', room)
      .where('user_id', '=', user)
      .where('since', '=', 1)
      .where('role', '=', 'owner')
      .executeTakeFirst();
    return first !== undefined;
  }

  async directOf(one: string, other: string): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom('rooms')
      .select('id')
      .where('direct_pair', '=', pairOf(one, other))
      .executeTakeFirst();
    return row?.id;
  }

  /**
   * The direct room of two people: the same one every time, whoever opens it, also at the same instant.
   * @throws OperationError `forbidden` when one of them can't be in more rooms.
   */
  async openDirect(opener: string, other: string): Promise<string> {
    const pair = pairOf(opener, other);
    return this.#db.transaction().execute(async tx => {
      const id = uuidv7();
      const made = await tx
        .insertInto('rooms')
        .values({ id, kind: 'direct', name: null, name_key: null, topic: null, direct_pair: pair })
        .onConflict(conflict => conflict.column('direct_pair').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (made === undefined) {
        const row = await tx
          .selectFrom('rooms')
          .select('id')
          .where('direct_pair', '=', pair)
          .executeTakeFirstOrThrow();
        return row.id;
      }
      const people = [
        { user: opener, role: 'member' as const },
        { user: other, role: 'member' as const, broughtBy: opener },
      ];
      // One order for all who open direct rooms of the same people.
      for (const { user, broughtBy } of people.toSorted((one, two) => (one.user < two.user ? -1 : 1))) {
        await requireSpace(tx, user, broughtBy);
      }
      await seat(tx, id, people);
      return id;
    });
  }

  /** Makes sure that public rooms of these names exist, without an owner; answers with their ids. */
  async ensurePublic(names: readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const name of names) ids.push(await this.#ensurePublic(name));
    return ids;
  }

  async #ensurePublic(name: string): Promise<string> {
    const known = await this.#db
      .selectFrom('rooms')
      .select('id')
      .where('kind', '=', 'public')
      .where('name_key', '=', nameKey(name))
      .executeTakeFirst();
    if (known !== undefined) return known.id;
    const id = uuidv7();
    await this.#db.transaction().execute(async tx => {
      await tx
        .insertInto('rooms')
        .values({ id, kind: 'public', name, name_key: nameKey(name), topic: null, direct_pair: null })
        .execute();
      await seat(tx, id, []);
    });
    return id;
  }
}

/** The same text, whoever opens a direct room. */
function pairOf(one: string, other: string): string {
  return [one, other].sort().join(' ');
}

/** Rooms with their heads, as one user sees them: `role` is null where the user is not in, `peer_*` but in direct rooms. */
function roomsSeenBy(db: Database, user: string) {
  return db
    .selectFrom('rooms as r')
    .innerJoin('room_heads as h', 'h.room_id', 'r.id')
    .leftJoin('members as m', join =>
      join.onRef('m.room_id', '=', 'r.id').on('m.user_id', '=', user).on('m.state', '=', 'in'),
    )
    .leftJoin('members as p', join =>
      join.onRef('p.room_id', '=', 'r.id').on('r.kind', '=', 'direct').on('p.user_id', '!=', user),
    )
    .leftJoin('users as peer', 'peer.id', 'p.user_id')
    .select(['r.id', 'r.kind', 'r.name', 'r.topic', 'r.created_at'])
    .select(['h.last_seq', 'h.version', 'h.member_count', 'm.role', 'm.read_seq'])
    .select(['peer.id as peer_id', 'peer.username as peer_username'])
    .select(['peer.display_name as peer_display_name', 'peer.created_at as peer_created_at']);
}

/** When something was last said in a room, or else when it was made. */
const activity = sql<Date>`coalesce(last.created_at, r.created_at)`;

/** The rooms a user is in, most recently active first. */
function roomsByActivity(db: Database, user: string) {
  return roomsSeenBy(db, user)
    .leftJoin('messages as last', join =>
      join.onRef('last.room_id', '=', 'r.id').onRef('last.seq', '=', 'h.last_seq'),
    )
    .select(activity.as('active_at'))
    .where('m.user_id', 'is not', null)
    .orderBy(activity, 'desc')
    .orderBy('r.id', 'desc');
}

/** A year 0 is none that PostgreSQL knows. */
const ActivityCursor = z.tuple([Time.refine(at => at >= '0001'), Id]);

function parseActivity(cursor: string): { at: string; id: string } {
  const parsed = ActivityCursor.safeParse(cursor.split(' '));
  if (!parsed.success) throw new OperationError('bad_request', 'cursor: not one of ours');
  const [at, id] = parsed.data;
  return { at, id };
}

type RoomRow = Awaited<ReturnType<ReturnType<typeof roomsSeenBy>['execute']>>[number];

function roomOf(row: RoomRow): Room {
  return {
    ...roomInfoOf(row),
    ...(row.role !== null && { role: row.role }),
    ...(row.read_seq !== null && { readSeq: row.read_seq }),
    ...peerOf(row),
  };
}

function peerOf(row: RoomRow): { peer: User } | undefined {
  const {
    peer_id: id,
    peer_username: username,
    peer_display_name: displayName,
    peer_created_at: createdAt,
  } = row;
  if (id === null || username === null || displayName === null || createdAt === null) return undefined;
  return { peer: { id, username, displayName, createdAt: createdAt.toISOString() } };
}

/** Makes a new room's head, with its first members: each takes a version. */
async function seat(
  db: Database,
  room: string,
  people: readonly { user: string; role: Role; broughtBy?: string }[],
): Promise<void> {
  await db
    .insertInto('room_heads')
    .values({ room_id: room, last_seq: 0, version: people.length, member_count: people.length })
    .execute();
  if (people.length === 0) return;
  const members = people.map(({ user, role, broughtBy = null }, index) => {
    const numbers = { version: index + 1, since: index + 1, read_seq: 0 };
    return { room_id: room, user_id: user, role, state: 'in' as const, brought_by: broughtBy, ...numbers };
  });
  await db.insertInto('members').values(members).execute();
}
