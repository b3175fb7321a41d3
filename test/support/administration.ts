/** Administrators for tests, made as an operator does: in the database. */
import pg from 'pg';
import type { Grant } from '../../src/contract/objects.ts';
import { register } from './people.ts';
import type { TestServer } from './server.ts';

/** One statement on a server's database, from outside the server. */
export async function onDatabase(
  url: string,
  statement: string,
  values: unknown[] = [],
): Promise<pg.QueryResult> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await client.query(statement, values);
  } finally {
    await client.end();
  }
}

/** A new account that is an administrator's. */
export async function registerAdministrator(server: TestServer, username: string): Promise<Grant> {
  const grant = await register(server.url, username);
  await onDatabase(server.databaseUrl, 'update users set administrator = true where id = $1', [
    grant.user.id,
  ]);
  return grant;
}

/** The enabled administrators there are. */
export async function administratorsOf(server: TestServer): Promise<string[]> {
  const statement =
    'select username from users where administrator and disabled_at is null order by username';
  const { rows } = await onDatabase(server.databaseUrl, statement);
  return rows.map(({ username }) => username);
}
