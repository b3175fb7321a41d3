/** Comings and goings: changes of a room like its messages, through the same lane. */
import type pg from 'pg';
import type { Member } from '../../contract/objects.ts';
import type { Changed, MessageLog } from './message-log.ts';
import { spaceLimits } from './room-space.ts';
import { type MemberRow, memberOf } from './rows.ts';
import { callVersioned } from './versioned-call.ts';

export class Memberships {
  readonly #log: MessageLog;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  /** Someone comes in by themselves. The room must exist. `refused`: they were removed; `full`: see `noSpace`. */
  admit(room: string, newcomer: string): Promise<Changed> {
    return this.#admit(room, newcomer, null);
  }

  /** A member brings someone in. `refused`: the inviter is not a member; `full`: see `noSpace`. */
  invite(room: string, newcomer: string, inviter: string): Promise<Changed> {
    return this.#admit(room, newcomer, inviter);
  }

  /** Someone leaves; the longest-standing member follows an owner. */
  release(room: string, leaver: string): Promise<Changed> {
    return this.#change(room, 'select * from release_member($1, $2, null)', [room, leaver]);
  }

  /** The owner removes someone, who comes back only by invitation. `refused`: the remover is not the owner. */
  remove(room: string, member: string, remover: string): Promise<Changed> {
    return this.#change(room, 'select * from release_member($1, $2, $3)', [room, member, remover]);
  }

  #admit(room: string, newcomer: string, inviter: string | null): Promise<Changed> {
    const parameters = [room, newcomer, inviter, ...spaceLimits];
    return this.#change(room, 'select * from admit_member($1, $2, $3, $4, $5, $6)', parameters);
  }

  #change(
    room: string,
    statement: string,
    parameters: readonly (string | number | null)[],
  ): Promise<Changed> {
    return this.#log.change(room, async client => {
      const { outcome, from, version, memberCount } = await callVersioned(client, statement, parameters);
      if (outcome !== 'changed') return { outcome, version };
      const members = await changedMembers(client, room, from, version);
      return { outcome, delta: { room, from, version, members, memberCount } };
    });
  }
}

async function changedMembers(
  client: pg.ClientBase,
  room: string,
  from: number,
  to: number,
): Promise<Member[]> {
  const { rows } = await client.query<MemberRow>(
    `select m.role, m.state, m.version, m.at, u.id, u.username, u.display_name, u.created_at
     from members m join users u on u.id = m.user_id
     where m.room_id = $1 and m.version between $2 and $3 order by m.version`,
    [room, from, to],
  );
  return rows.map(memberOf);
}
