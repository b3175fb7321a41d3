/**
 * A database as the first papo left it: the schema of migration 0001 with what a small team has in it, in the SQL of that
 * time. What today's papo reads there is what it was then.
 */
import pg from 'pg';
import { openSingle } from '../../src/server/store/database.ts';
import { migrate } from '../../src/server/store/migrations/migrations.ts';
import { silent } from './backups.ts';

const id = (last: number) => `01990000-0000-7000-8000-${String(last).padStart(12, '0')}`;

/** All three have the password `correct horse`. Carla has left the private room, and was in it when it began. */
export const people = { ana: id(1), bruno: id(2), carla: id(3) };
export const rooms = { general: id(11), plans: id(12), direct: id(13), empty: id(14) };
export const firstMessage = { id: id(21), text: 'olá 👋\n"primeira"' };

const passwordHash =
  '$argon2id$v=19$m=19456,t=2,p=1$2qOf/hRM084bFpvAEBWbUQ$Z2xsZHsDIRQB/1/ngx2+lgbJMkSuS1PDMXMY/ajcogg';
const { ana, bruno, carla } = people;
const { general, plans, direct, empty } = rooms;

/** Per room the versions are dense: each row has the one of its latest change, the head the highest. */
const rows = `
insert into settings values ('token_secret', 'the key of that time, which signs on ever since');
insert into users (id, username, display_name, password_hash, created_at) values
  ('${ana}', 'ana', 'Ana Maria', '${passwordHash}', '2026-01-01T10:00:00Z'),
  ('${bruno}', 'bruno', 'bruno', '${passwordHash}', '2026-01-01T11:00:00Z'),
  ('${carla}', 'carla', 'Carla', '${passwordHash}', '2026-01-01T12:00:00Z');
insert into logins (id, user_id, refresh_hash) values ('${id(31)}', '${ana}', sha256('a refresh token'));
insert into rooms (id, kind, name, name_key, topic, direct_pair) values
  ('${general}', 'public', 'general', 'general', null, null),
  ('${plans}', 'private', 'Plans', 'plans', 'what we will do', null),
  ('${direct}', 'direct', null, null, null, '${ana} ${bruno}'),
  ('${empty}', 'public', 'Nobody is here', 'nobody is here', null, null);
insert into room_heads (room_id, last_seq, version, member_count) values
  ('${general}', 2, 5, 3), ('${plans}', 2, 6, 2), ('${direct}', 1, 3, 2), ('${empty}', 0, 2, 0);
insert into members (room_id, user_id, role, state, version, since, read_seq) values
  ('${general}', '${ana}', 'member', 'in', 1, 1, 1),
  ('${general}', '${bruno}', 'member', 'in', 2, 2, 2),
  ('${general}', '${carla}', 'member', 'in', 3, 3, 0),
  ('${plans}', '${ana}', 'owner', 'in', 1, 1, 2),
  ('${plans}', '${bruno}', 'member', 'in', 2, 2, 0),
  ('${plans}', '${carla}', 'member', 'out', 5, 3, 1),
  ('${direct}', '${ana}', 'member', 'in', 1, 1, 0),
  ('${direct}', '${bruno}', 'member', 'in', 2, 2, 1),
  ('${empty}', '${carla}', 'member', 'out', 2, 1, 0);
insert into messages (room_id, seq, version, id, sender_id, text, digest, created_at)
select room_id::uuid, seq, version, id::uuid, sender::uuid, text, sha256(convert_to(text, 'UTF8')), '2026-01-02T00:00:00Z'
from (values
  ('${general}', 1, 4, '${firstMessage.id}', '${ana}', E'olá 👋\\n"primeira"'),
  ('${general}', 2, 5, '${id(22)}', '${bruno}', 'oi'),
  ('${plans}', 1, 4, '${id(23)}', '${carla}', 'a plan'),
  ('${plans}', 2, 6, '${id(24)}', '${ana}', 'another plan'),
  ('${direct}', 1, 3, '${id(25)}', '${bruno}', 'psst')
) as m (room_id, seq, version, id, sender, text);
`;

export async function fillFirstSchema(connection: pg.ClientConfig): Promise<void> {
  const db = openSingle(connection, silent);
  await migrate(db, '0001-the-log');
  await db.destroy();
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(rows);
  await client.end();
}
