/** Who is in a room, or was. */
import type { Member } from '../../contract/objects.ts';
import type { Database } from './database.ts';
import type { Page } from './page.ts';
import { memberOf } from './rows.ts';

export class Members {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Who is in the room, longest-standing first. The cursor is the version with which the last one came in. */
  async page(room: string, afterSince: number, limit: number): Promise<Page<Member>> {
    const found = await membersOf(this.#db, room)
      .select('m.since')
      .where('m.state', '=', 'in')
      .where('m.since', '>', afterSince)
      .orderBy('m.since')
      .limit(limit + 1)
      .execute();
    const page = found.slice(0, limit);
    return {
      items: page.map(memberOf),
      cursor: found.length > limit ? String(page.at(-1)?.since) : undefined,
    };
  }

  /** Moves a member's read mark on. @returns where it is now; undefined when it was there or beyond before. */
  async markRead(room: string, user: string, seq: number): Promise<number | undefined> {
    const marked = await this.#db
      .updateTable('members')
      .set({ read_seq: seq })
      .where('room_id', '=', room)
      .where('user_id', '=', user)
      .where('state', '=', 'in')
      .where('read_seq', '<', seq)
      .returning('read_seq')
      .executeTakeFirst();
    return marked?.read_seq;
  }

  async one(room: string, user: string): Promise<Member | undefined> {
    const row = await membersOf(this.#db, room).where('m.user_id', '=', user).executeTakeFirst();
    return row && memberOf(row);
  }
}

export function membersOf(db: Database, room: string) {
  return db
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(['m.role', 'm.state', 'm.version', 'm.at'])
    .select(['u.id', 'u.username', 'u.display_name', 'u.created_at'])
    .where('m.room_id', '=', room);
}
