/** History: a room's messages by their place, in pages; and one by its sender's id. */
import { createHash } from 'node:crypto';
import type { Message } from '../../contract/objects.ts';
import { withinAnswer } from './answer-size.ts';
import type { Database } from './database.ts';
import { messageOf } from './rows.ts';

export type HistoryPage = { messages: Message[]; more: boolean };

export class Messages {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The `limit` messages next below `seq`, ascending. `more`: there are older ones. */
  async before(room: string, seq: number, limit: number): Promise<HistoryPage> {
    const rows = await messagesOf(this.#db, room)
      .where('m.seq', '<', seq)
      .orderBy('m.seq', 'desc')
      .limit(limit + 1)
      .execute();
    const page = withinAnswer(rows.slice(0, limit).map(messageOf));
    return { messages: page.reverse(), more: rows.length > page.length };
  }

  /** What became of an id that a sender used before; `conflict` if it was for another text. */
  async sentBefore(
    room: string,
    sender: string,
    id: string,
    text: string,
  ): Promise<Message | 'conflict' | undefined> {
    const row = await messagesOf(this.#db, room)
      .select('m.digest')
      .where('m.sender_id', '=', sender)
      .where('m.id', '=', id)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const isSame = row.digest.equals(createHash('sha256').update(text).digest());
    return isSame ? messageOf(row) : 'conflict';
  }

  /** The `limit` messages next above `seq`, ascending. `more`: there are newer ones. */
  async after(room: string, seq: number, limit: number): Promise<HistoryPage> {
    const rows = await messagesOf(this.#db, room)
      .where('m.seq', '>', seq)
      .orderBy('m.seq')
      .limit(limit + 1)
      .execute();
    const page = withinAnswer(rows.slice(0, limit).map(messageOf));
    return { messages: page, more: rows.length > page.length };
  }
}

export function messagesOf(db: Database, room: string) {
  return db
    .selectFrom('messages as m')
    .innerJoin('users as u', 'u.id', 'm.sender_id')
    .select(['m.id', 'm.seq', 'm.version', 'm.text', 'm.created_at as at'])
    .select(['m.sender_id', 'u.username', 'u.display_name'])
    .where('m.room_id', '=', room);
}
