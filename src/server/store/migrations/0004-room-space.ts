import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How many rooms somebody can be in, and be brought into, is looked at where they come in. */
export const roomSpace: Migration = { up };

async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [broughtBy, hasSpaceFor, admitMember]) await sql.raw(statement).execute(db);
}

const broughtBy = `
-- Who invited the member, or opened the direct room; null: the member came by themselves, or before this was noted.
alter table members add column brought_by uuid references users;
`;

const hasSpaceFor = `
-- Whether a person can come into one more room, by themselves or brought by another. The person stays locked until the end
-- of the transaction, so that of two who ask at once the second one counts the first one's room as well. Nobody who holds
-- this lock may wait for a room that was there before: rooms are locked first, then people, these in the order of their ids.
create function has_space_for(
  person uuid, bringer uuid, max_rooms integer, max_brought_into integer, max_brought_into_by_one integer
) returns boolean language plpgsql as $$
declare
  counted record;
begin
  perform from users u where u.id = person for no key update;
  -- The next statement, hence a new snapshot.
  select count(*) as rooms, count(m.brought_by) as brought_into,
         count(*) filter (where m.brought_by = bringer) as brought_into_by_one
  into counted from members m where m.user_id = person and m.state = 'in';
  return counted.rooms < max_rooms and (
    bringer is null
    or counted.brought_into < max_brought_into and counted.brought_into_by_one < max_brought_into_by_one
  );
end $$;
`;

const admitMember = `
drop function admit_member(uuid, uuid, uuid);

-- Someone comes into a room: by invitation of a member, or by oneself (inviter is null).
-- Refused: the inviter is not a member; or who comes by oneself was removed. Full: they can't be in more rooms.
-- Answers with the versions the change took, first_version to version; if there was none, with the head.
create function admit_member(
  the_room uuid, newcomer uuid, inviter uuid,
  max_rooms integer, max_brought_into integer, max_brought_into_by_one integer
) returns table (outcome text, first_version bigint, version bigint, member_count integer)
language plpgsql as $$
#variable_conflict use_column
declare
  head room_heads;
  known text;
  refusal text;
begin
  select h.* into head from room_heads h where h.room_id = the_room for no key update;
  select m.state into known from members m where m.room_id = the_room and m.user_id = newcomer;

  if inviter is not null and not exists (
    select from members m where m.room_id = the_room and m.user_id = inviter and m.state = 'in'
  ) or inviter is null and known = 'removed' then
    refusal := 'refused';
  elsif known = 'in' then
    refusal := 'unchanged';
  elsif not has_space_for(newcomer, inviter, max_rooms, max_brought_into, max_brought_into_by_one) then
    refusal := 'full';
  end if;
  if refusal is not null then
    return query select refusal, head.version, head.version, head.member_count;
    return;
  end if;

  insert into members as m (room_id, user_id, role, state, version, since, read_seq, brought_by)
  values (the_room, newcomer, 'member', 'in', head.version + 1, head.version + 1, head.last_seq, inviter)
  on conflict (room_id, user_id) do update
    set role = 'member', state = 'in', version = excluded.version, since = excluded.since,
        read_seq = excluded.read_seq, brought_by = excluded.brought_by, at = now();
  return query
    update room_heads h set version = h.version + 1, member_count = h.member_count + 1
    where h.room_id = the_room returning 'changed', h.version, h.version, h.member_count;
end $$;
`;
