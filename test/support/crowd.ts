/** More people than could be registered in the time of a test. */
import { v7 as uuidv7 } from 'uuid';
import { type AttackedServer, signingSecret } from './abuse.ts';
import { sign } from './abuse-jwt.ts';

export type Someone = { id: string; token: string };

/** People put into the database: so many passwords would take long to hash. */
export async function crowd(server: AttackedServer, count: number): Promise<Someone[]> {
  const people = Array.from({ length: count }, () => ({ id: uuidv7(), login: uuidv7() }));
  const ids = people.map(({ id }) => id);
  await server.query(
    `insert into users (id, username, display_name, password_hash, welcomed)
     select id, 'one-' || id, 'One of many', 'nobody signs in', true from unnest($1::uuid[]) as given (id)`,
    [ids],
  );
  await server.query('insert into logins (id, user_id) select * from unnest($1::uuid[], $2::uuid[])', [
    people.map(({ login }) => login),
    ids,
  ]);
  const now = Math.floor(Date.now() / 1000);
  return people.map(({ id, login }) => {
    const claims = { sub: id, sid: login, iss: 'papo', aud: 'papo', iat: now, exp: now + 900 };
    return { id, token: sign({ alg: 'HS256', typ: 'at+jwt' }, claims, signingSecret) };
  });
}

/** A public room as if these had come in one by one. */
export async function roomOf(server: AttackedServer, members: readonly Someone[]): Promise<string> {
  const room = uuidv7();
  await server.query("insert into rooms (id, kind, name, name_key) values ($1, 'public', $2, $2)", [
    room,
    `crowd ${room}`,
  ]);
  await server.query(
    'insert into room_heads (room_id, version, member_count) values ($1, $2::int, $2::int)',
    [room, members.length],
  );
  await server.query(
    `insert into members (room_id, user_id, role, state, version, since, read_seq)
     select $1, id, 'member', 'in', n, n, 0 from unnest($2::uuid[]) with ordinality as given (id, n)`,
    [room, members.map(({ id }) => id)],
  );
  return room;
}
