/** What a room is called and what it is about: changed through the room's lane, like its messages. */
import type { Changed, MessageLog } from './message-log.ts';
import { nameKey } from './rooms.ts';
import { type RoomInfoRow, roomInfoOf } from './rows.ts';
import { callVersioned } from './versioned-call.ts';

export class RoomDetails {
  readonly #log: MessageLog;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  /**
   * Changes what is given; an empty topic is none. `refused`: the caller is not the owner; `taken`: another public room
   * has the name.
   */
  update(
    room: string,
    caller: string,
    name: string | undefined,
    topic: string | undefined,
  ): Promise<Changed> {
    const parameters = [room, caller, name ?? null, name === undefined ? null : nameKey(name), topic ?? null];
    return this.#log.change(room, async client => {
      const statement = 'select * from update_room($1, $2, $3, $4, $5)';
      const { outcome, from, version } = await callVersioned(client, statement, parameters);
      if (outcome !== 'changed') return { outcome, version };
      const { rows } = await client.query<RoomInfoRow>(
        `select r.id, r.kind, r.name, r.topic, r.created_at, h.member_count, h.last_seq, h.version
         from rooms r join room_heads h on h.room_id = r.id where r.id = $1`,
        [room],
      );
      const [row] = rows;
      if (row === undefined) throw new Error('an updated room is gone');
      return { outcome, deltas: [{ room, from, version, info: roomInfoOf(row) }] };
    });
  }
}
