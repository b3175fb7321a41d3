import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * People, rooms, and the log.
 *
 * Every change that a room's members can see takes the room's next `version` and stamps it on the row it
 * changed. Whoever makes a change first locks the room's head, so versions have no gaps and commit in order.
 */
export const theLog: Migration = { up };

async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [tables, appendMessages, admitMember, releaseMember]) {
    await sql.raw(statement).execute(db);
  }
}

const tables = `
create table settings (key text primary key, value text not null);

create table users (
  id            uuid primary key,
  username      text not null unique,
  display_name  text not null,
  password_hash text not null,
  created_at    timestamptz(3) not null default now()
);

-- One sign-in of a user on a device. The refresh token itself is never stored.
create table logins (
  id           uuid primary key,
  user_id      uuid not null references users,
  refresh_hash bytea not null,
  created_at   timestamptz(3) not null default now()
);
create index logins_of_user on logins (user_id);

-- What rarely changes of a room. name_key: the name as compared, normalised and in lower case.
-- direct_pair: the two users of a direct room, the same text whoever asks.
create table rooms (
  id          uuid primary key,
  kind        text not null check (kind in ('public', 'private', 'direct')),
  name        text,
  name_key    text,
  topic       text,
  direct_pair text unique,
  created_at  timestamptz(3) not null default now(),
  check ((kind = 'direct') = (name is null)),
  check ((kind = 'direct') = (direct_pair is not null))
);
create unique index rooms_public_name on rooms (name_key) where kind = 'public';

-- The hot row of a room, updated by every change: a table of its own, with room on each page for the next version
-- of the row, and no index or reference on what changes.
create table room_heads (
  room_id      uuid primary key,
  last_seq     bigint not null default 0,
  version      bigint not null default 0,
  member_count integer not null default 0
) with (fillfactor = 40);

-- since: the version with which the present membership began. Who left keeps the row, so that the change is a row too.
create table members (
  room_id  uuid not null references rooms,
  user_id  uuid not null references users,
  role     text not null check (role in ('owner', 'member')),
  state    text not null check (state in ('in', 'out')),
  version  bigint not null,
  since    bigint not null,
  read_seq bigint not null,
  at       timestamptz(3) not null default now(),
  primary key (room_id, user_id),
  unique (room_id, version)
);
create index members_of_user on members (user_id) where state = 'in';

-- digest: of the text as first sent, to tell a retry from another message with the same id.
-- No foreign keys: append_messages has just found the sender among the room's members.
create table messages (
  room_id    uuid not null,
  seq        bigint not null,
  version    bigint not null,
  id         uuid not null,
  sender_id  uuid not null,
  text       text not null,
  digest     bytea not null,
  created_at timestamptz(3) not null,
  primary key (room_id, seq),
  unique (room_id, version),
  unique (room_id, sender_id, id)
);
`;

/*
 * Why two statements: the second one gets a new snapshot, taken after the locks were granted, and so sees what
 * a concurrent retry of the same message has committed. In one statement it would see the past and burn a number.
 * Why lateral limit 1 and scalar sub-selects: they hold the planner to one index look-up per input, also with a
 * plan made while the tables were empty.
 */
const appendMessages = `
create function append_messages(rooms uuid[], senders uuid[], ids uuid[], texts text[])
returns table (outcome text, seq bigint, version bigint, text text, at timestamptz)
language plpgsql as $$
#variable_conflict use_column
declare
  moment timestamptz(3) := clock_timestamp();
begin
  perform from room_heads h where h.room_id = any (rooms) order by h.room_id for no key update;

  return query
  with input as materialized (
    select i.n, i.room_id, i.sender_id, i.id, i.text, sha256(convert_to(i.text, 'UTF8')) as digest,
           min(i.n) over (partition by i.room_id, i.sender_id, i.id) as first_n
    from unnest(rooms, senders, ids, texts) with ordinality as i (room_id, sender_id, id, text, n)
  ),
  known as materialized (
    select i.n, m.seq, m.version, m.text, m.created_at, m.digest = i.digest as same
    from input i
    cross join lateral (
      select m.seq, m.version, m.text, m.created_at, m.digest from messages m
      where m.room_id = i.room_id and m.sender_id = i.sender_id and m.id = i.id limit 1
    ) m
  ),
  fresh as materialized (
    select i.n, i.room_id, i.sender_id, i.id, i.text, i.digest,
           h.last_seq + row_number() over in_room as seq, h.version + row_number() over in_room as version
    from input i
    cross join lateral (
      select h.last_seq, h.version from room_heads h where h.room_id = i.room_id limit 1
    ) h
    where i.n = i.first_n
      and i.n not in (select k.n from known k)
      and (select m.state from members m where m.room_id = i.room_id and m.user_id = i.sender_id) = 'in'
    window in_room as (partition by i.room_id order by i.n)
  ),
  inserted as (
    insert into messages (room_id, seq, version, id, sender_id, text, digest, created_at)
    select f.room_id, f.seq, f.version, f.id, f.sender_id, f.text, f.digest, moment from fresh f
  ),
  advanced as (
    update room_heads h set last_seq = f.seq, version = f.version
    from (select f.room_id, max(f.seq) as seq, max(f.version) as version from fresh f group by f.room_id) f
    where h.room_id = f.room_id
  )
  select case
           when k.n is not null then case when k.same then 'duplicate' else 'conflict' end
           when f.n is null then 'refused'
           when f.n = i.n then 'stored'
           when f.digest = i.digest then 'duplicate'
           else 'conflict'
         end,
         coalesce(k.seq, f.seq), coalesce(k.version, f.version), k.text, coalesce(k.created_at, moment)
  from input i
  left join known k on k.n = i.n
  left join fresh f on f.n = i.first_n
  order by i.n;
end $$;
`;

const admitMember = `
-- Someone comes into a room: by invitation of a member, or by oneself (inviter is null).
-- Answers with the versions the change took, first_version to version; if there was none, with the head.
create function admit_member(the_room uuid, newcomer uuid, inviter uuid)
returns table (outcome text, first_version bigint, version bigint, member_count integer)
language plpgsql as $$
#variable_conflict use_column
declare
  head room_heads;
begin
  select h.* into head from room_heads h where h.room_id = the_room for no key update;

  if inviter is not null and not exists (
    select from members m where m.room_id = the_room and m.user_id = inviter and m.state = 'in'
  ) then
    return query select 'refused', head.version, head.version, head.member_count;
  elsif exists (select from members m where m.room_id = the_room and m.user_id = newcomer and m.state = 'in') then
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
-- Someone leaves a room. When the owner leaves, the longest-standing member becomes the owner: one more version.
create function release_member(the_room uuid, leaver uuid)
returns table (outcome text, first_version bigint, version bigint, member_count integer)
language plpgsql as $$
#variable_conflict use_column
declare
  head room_heads;
  parting members;
begin
  select h.* into head from room_heads h where h.room_id = the_room for no key update;
  select m.* into parting from members m where m.room_id = the_room and m.user_id = leaver and m.state = 'in';

  if parting.user_id is null then
    return query select 'unchanged', head.version, head.version, head.member_count;
    return;
  end if;

  head.version := head.version + 1;
  update members m set state = 'out', role = 'member', version = head.version, at = now()
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
