import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Logins that are refreshed and ended, people who are found, rooms that are renamed and people removed from them. */
export const refreshRenameRemove: Migration = { up };

async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [tables, admitMember, releaseMember, updateRoom]) {
    await sql.raw(statement).execute(db);
  }
}

const tables = `
-- generation: of the newest refresh token that was used. Tokens before it are dead, the one after it is its successor.
alter table logins drop column refresh_hash;
alter table logins add column generation integer not null default 0;
alter table logins add column refreshed_at timestamptz(3) not null default now();
drop index logins_of_user;
create index logins_of_user on logins (user_id, refreshed_at);

-- welcomed: has been made a member of the default rooms, which takes a moment after the account is there.
alter table users add column welcomed boolean not null default true;
alter table users alter column welcomed set default false;
create index users_by_username on users (username text_pattern_ops);
create index users_by_display_name on users (lower(display_name) text_pattern_ops);

-- version: the room's version with which its name or topic changed last.
alter table rooms add column version bigint not null default 0;

-- removed: out, and back only by invitation.
alter table members drop constraint members_state_check;
alter table members add constraint members_state_check check (state in ('in', 'out', 'removed'));
`;

const admitMember = `
-- Someone comes into a room: by invitation of a member, or by oneself (inviter is null).
-- Refused: the inviter is not a member; or who comes by oneself was removed.
-- Answers with the versions the change took, first_version to version; if there was none, with the head.
create or replace function admit_member(the_room uuid, newcomer uuid, inviter uuid)
returns table (outcome text, first_version bigint, version bigint, member_count integer)
language plpgsql as $$
#variable_conflict use_column
declare
  head room_heads;
  known text;
begin
  select h.* into head from room_heads h where h.room_id = the_room for no key update;
  select m.state into known from members m where m.room_id = the_room and m.user_id = newcomer;

  if inviter is not null and not exists (
    select from members m where m.room_id = the_room and m.user_id = inviter and m.state = 'in'
  ) or inviter is null and known = 'removed' then
    return query select 'refused', head.version, head.version, head.member_count;
  elsif known = 'in' then
    return query select 'unchanged', head.version, head.version, head.member_count;
  else
    insert into members as m (room_id, user_id, role, state, version, since, read_seq)
    values (the_room, newcomer, 'member', 'in', head.version + 1, head.version + 1, head.last_seq)
    on conflict (room_id, user_id) do update
      set role = 'member', state = 'in', version = excluded.version, since = excluded.since,
          read_seq = excluded.read_seq, at = now();
    return query
      update room_heads h set version = h.version + 1, member_count = h.member_count + 1
      where h.room_id = the_room returning 'changed', h.version, h.version, h.member_count;
  end if;
end $$;
`;

const releaseMember = `
drop function release_member(uuid, uuid);

-- Someone leaves a room; or is removed from it by the owner (remover is not null; refused: the remover is not the owner).
-- When the owner leaves, the longest-standing member becomes the owner: one more version.
create function release_member(the_room uuid, leaver uuid, remover uuid)
returns table (outcome text, first_version bigint, version bigint, member_count integer)
language plpgsql as $$
#variable_conflict use_column
declare
  head room_heads;
  parting members;
  parted text := case when remover is null then 'out' else 'removed' end;
begin
  select h.* into head from room_heads h where h.room_id = the_room for no key update;
  if remover is not null and not exists (
    select from members m
    where m.room_id = the_room and m.user_id = remover and m.state = 'in' and m.role = 'owner'
  ) then
    return query select 'refused', head.version, head.version, head.member_count;
    return;
  end if;

  select m.* into parting from members m where m.room_id = the_room and m.user_id = leaver and m.state = 'in';
  if parting.user_id is null then
    -- Who left just before being removed is to stay out as well. Nobody can see that, so it takes no version.
    update members m set state = 'removed'
    where m.room_id = the_room and m.user_id = leaver and m.state = 'out' and remover is not null;
    return query select 'unchanged', head.version, head.version, head.member_count;
    return;
  end if;

  head.version := head.version + 1;
  update members m set state = parted, role = 'member', version = head.version, at = now()
  where m.room_id = the_room and m.user_id = leaver returning m.version into parting.version;

  if parting.role = 'owner' then
    update members m set role = 'owner', version = head.version + 1
    where m.room_id = the_room and m.user_id = (
      select n.user_id from members n where n.room_id = the_room and n.state = 'in' order by n.since limit 1
    );
    if found then
      head.version := head.version + 1;
    end if;
  end if;

  return query
    update room_heads h set version = head.version, member_count = h.member_count - 1
    where h.room_id = the_room returning 'changed', parting.version, h.version, h.member_count;
end $$;
`;

const updateRoom = `
-- The owner renames a room, or gives it another topic; null leaves as it is, an empty topic is none.
-- Refused: the caller is not the owner. Taken: another public room has the name.
create function update_room(the_room uuid, caller uuid, new_name text, new_name_key text, new_topic text)
returns table (outcome text, first_version bigint, version bigint, member_count integer)
language plpgsql as $$
#variable_conflict use_column
declare
  head room_heads;
begin
  select h.* into head from room_heads h where h.room_id = the_room for no key update;
  if not exists (
    select from members m
    where m.room_id = the_room and m.user_id = caller and m.state = 'in' and m.role = 'owner'
  ) then
    return query select 'refused', head.version, head.version, head.member_count;
    return;
  end if;

  begin
    update rooms r
    set name = coalesce(new_name, r.name), name_key = coalesce(new_name_key, r.name_key),
        topic = nullif(coalesce(new_topic, r.topic), ''), version = head.version + 1
    where r.id = the_room
      and (coalesce(new_name, r.name), coalesce(new_topic, r.topic, '')) is distinct from (r.name, coalesce(r.topic, ''));
  exception when unique_violation then
    return query select 'taken', head.version, head.version, head.member_count;
    return;
  end;
  if not found then
    return query select 'unchanged', head.version, head.version, head.member_count;
    return;
  end if;

  return query
    update room_heads h set version = h.version + 1
    where h.room_id = the_room returning 'changed', h.version, h.version, h.member_count;
end $$;
`;
