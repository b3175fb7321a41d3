import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { searchKey } from '../../../contract/search-key.ts';

/** People are found by their display names without regard to accents and to how wide the letters are. */
export const namesAsSearched: Migration = { up };

/** A million people take about a minute. */
const usersAtOnce = 1_000;

async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table users add column display_key text not null default ''`.execute(db);
  await fill(db);
  // No longer asked for.
  await sql`drop index users_by_display_name`.execute(db);
  await sql`create index users_by_display_key on users (display_key text_pattern_ops)`.execute(db);
}

async function fill(db: Kysely<unknown>): Promise<void> {
  let after: string | undefined;
  do {
    const { rows } = await sql<{ id: string; display_name: string }>`
      select id, display_name from users
      where id > coalesce(${after ?? null}::uuid, '00000000-0000-0000-0000-000000000000')
      order by id limit ${sql.lit(usersAtOnce)}`.execute(db);
    const [ids, keys] = [rows.map(({ id }) => id), rows.map(({ display_name }) => searchKey(display_name))];
    await sql`
      update users u set display_key = k.key from unnest(${ids}::uuid[], ${keys}::text[]) as k (id, key)
      where u.id = k.id`.execute(db);
    after = ids.at(-1);
  } while (after !== undefined);
}
