import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Administrators, accounts that are disabled, and how a running server learns of logins that ended elsewhere. */
export const administration: Migration = { up };

async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [users, endedLogins]) await sql.raw(statement).execute(db);
}

const users = `
-- password_generation: counts the user's passwords, so that nobody gets in with one that is changed while it is verified.
alter table users add column administrator boolean not null default false;
alter table users add column disabled_at timestamptz(3);
alter table users add column password_generation integer not null default 1;
create index users_administrators on users (id) where administrator and disabled_at is null;
`;

/*
 * A trigger, so that no way to end a login can forget it, not even a statement typed by hand. A table of its own, since
 * whoever ends logins may hold the lock of the user or not: noting it in the user's row would end in deadlocks.
 */
const endedLogins = `
-- When logins of a user ended last.
create table ended_logins (
  user_id uuid primary key references users,
  at      timestamptz not null
);
create index ended_logins_by_time on ended_logins (at);

create function note_ended_logins() returns trigger language plpgsql as $$
begin
  insert into ended_logins as e (user_id, at)
  select u.user_id, clock_timestamp() from (select distinct user_id from ended) u order by u.user_id
  on conflict (user_id) do update set at = excluded.at;
  return null;
end $$;
create trigger note_ended_logins after delete on logins
  referencing old table as ended for each statement execute function note_ended_logins();
`;
