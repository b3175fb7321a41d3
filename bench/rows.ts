/**
 * People and rooms put into the database directly, where making them is not what is measured: a thousand passwords
 * would take half a minute to hash, and these people sign in with tokens only.
 */
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { places } from './crowd.ts';

export type Login = { user: string; login: string };

const noPassword = 'nobody signs in with a password';

export async function addLogins(client: pg.ClientBase, count: number): Promise<Login[]> {
  const logins = places(count).map(() => ({ user: uuidv7(), login: uuidv7() }));
  const users = logins.map(({ user }) => user);
  await client.query(
    `insert into users (id, username, display_name, password_hash)
     select id, 'user-' || n, 'User ' || n, $2 from unnest($1::uuid[]) with ordinality as given (id, n)`,
    [users, noPassword],
  );
  await client.query(
    `insert into logins (id, user_id)
     select id, user_id from unnest($1::uuid[], $2::uuid[]) as given (id, user_id)`,
    [logins.map(({ login }) => login), users],
  );
  return logins;
}

/** A room as if its members had come in one by one: each took a version. */
export async function addRoom(
  client: pg.ClientBase,
  name: string,
  members: readonly string[],
): Promise<string> {
  const room = uuidv7();
  await client.query("insert into rooms (id, kind, name, name_key) values ($1, 'public', $2, lower($2))", [
    room,
    name,
  ]);
  await client.query(
    'insert into room_heads (room_id, version, member_count) values ($1, $2::integer, $2::integer)',
    [room, members.length],
  );
  await client.query(
    `insert into members (room_id, user_id, role, state, version, since, read_seq)
     select $1, id, 'member', 'in', n, n, 0 from unnest($2::uuid[]) with ordinality as given (id, n)`,
    [room, members],
  );
  return room;
}

/** How many messages a database holds. @throws unless each room's are numbered 1, 2, 3 … as far as its head says. */
export async function storedIn(databaseUrl: string): Promise<number> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const { rows } = await client
    .query<{ total: string; broken: string }>(
      `select sum(stored) as total,
              count(*) filter (where stored <> last_seq or lowest <> least(stored, 1) or highest <> last_seq) as broken
       from (select h.last_seq, count(m.seq) as stored, coalesce(min(m.seq), 0) as lowest,
                    coalesce(max(m.seq), 0) as highest
             from room_heads h left join messages m using (room_id) group by h.room_id, h.last_seq) as rooms`,
    )
    .finally(() => client.end());
  const [{ total, broken } = { total: '0', broken: 'all' }] = rows;
  if (broken !== '0') throw new Error(`${broken} rooms are not numbered without gaps`);
  return Number(total);
}
