/** How many rooms somebody can be in, and be brought into, whoever tries, and however many at once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { limits } from '../src/contract/limits.ts';
import type { Grant, Room } from '../src/contract/objects.ts';
import { onDatabase } from './support/administration.ts';
import { type Response, register, request } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

const { maxRoomsPerUser, maxRoomsBroughtInto, maxRoomsBroughtIntoByOne } = limits;

let server: TestServer;
let ana: Grant;

before(async () => {
  server = await startServer();
  ana = await register(server.url, 'ana');
});

after(() => server.close());

type Answered = { code?: string; room: Room };

const as = (who: Grant, method: string, path: string, body?: unknown): Promise<Response<Answered>> =>
  request(server.url, method, path, { token: who.token, body });

/** @returns the new room's id. */
async function roomOf(owner: Grant, name: string, kind: Room['kind'] = 'public'): Promise<string> {
  const { status, body } = await as(owner, 'POST', '/rooms', { name, kind });
  assert.equal(status, 201);
  return body.room.id;
}

const invite = (room: string, guest: Grant, inviter = ana) =>
  as(inviter, 'POST', `/rooms/${room}/members`, { user: guest.user.id });

/** Brings somebody into so many rooms, as if it had happened before. @param by whoever did; null: they themselves. */
async function placeInRooms({ user }: Grant, count: number, by: string | null): Promise<void> {
  await onDatabase(
    server.databaseUrl,
    `with made as (insert into rooms (id, kind, name, name_key)
       select gen_random_uuid(), 'private', 'room', 'room' from generate_series(1, $2::int) returning id),
     heads as (insert into room_heads (room_id, version, member_count) select id, 1, 1 from made)
     insert into members (room_id, user_id, role, state, version, since, read_seq, brought_by)
     select id, $1, 'member', 'in', 1, 1, 0, $3 from made`,
    [user.id, count, by],
  );
}

async function roomsOf({ user }: Grant): Promise<number> {
  const { rows } = await onDatabase(
    server.databaseUrl,
    "select count(*)::int as count from members where user_id = $1 and state = 'in'",
    [user.id],
  );
  return rows[0].count;
}

const outcome = ({ status, body }: Response<Answered>) => (body.code ? `${status} ${body.code}` : status);

test('[LIMIT-4] nobody can be in more than 1,000 rooms', async () => {
  const crowded = await register(server.url, 'crowded');
  await placeInRooms(crowded, maxRoomsPerUser - 1, null);
  const room = await roomOf(ana, 'no space');
  const tries = [
    as(crowded, 'POST', '/rooms', { name: 'one too many' }),
    as(crowded, 'POST', `/rooms/${room}/join`),
    as(crowded, 'POST', '/directs', { username: 'ana' }),
    as(ana, 'POST', '/directs', { username: 'crowded' }),
    invite(room, crowded),
  ];
  for (const tried of tries) assert.equal(outcome(await tried), '403 forbidden');
});

test('[LIMIT-4] of many who take the last places at once only so many get one, by whichever way they come', async () => {
  const guest = await register(server.url, 'nearly');
  const others = await Promise.all(
    ['n1', 'n2', 'n3', 'n4'].map(name => register(server.url, `other-${name}`)),
  );
  const open = await Promise.all(others.map((other, at) => roomOf(other, `open ${at}`)));
  const free = 3;
  await placeInRooms(guest, maxRoomsPerUser - free - 1, null);
  const answers = await Promise.all([
    ...open.map((room, at) => invite(room, guest, others[at])),
    ...open.map((_, at) => as(guest, 'POST', '/rooms', { name: `own ${at}`, kind: 'private' })),
    ...others.map(({ user }) => as(guest, 'POST', '/directs', { user: user.id })),
    ...others.map(other => as(other, 'POST', '/directs', { user: guest.user.id })),
  ]);
  // An open direct room is answered 200, also a new one. Who opens it may be the one who gets the place.
  assert.deepEqual(
    answers.map(({ status }) => status).filter(status => ![200, 201, 403].includes(status)),
    [],
  );
  assert.equal(await roomsOf(guest), maxRoomsPerUser);
});

test('[LIMIT-4] a room that was made with its id is answered again, also when it was the last one', async () => {
  const maker = await register(server.url, 'maker');
  await placeInRooms(maker, maxRoomsPerUser - 2, null);
  const body = { id: '01990000-0000-7000-8000-00000000cafe', name: 'the last', kind: 'private' };
  const answers = await Promise.all(Array.from({ length: 5 }, () => as(maker, 'POST', '/rooms', body)));
  assert.deepEqual(
    answers.map(outcome),
    Array.from({ length: 5 }, () => 201),
  );
});

test('[abuse 48] [LIMIT-5] nobody alone brings somebody into more than 100 rooms: others still do', async () => {
  const [victim, friend] = [await register(server.url, 'victim'), await register(server.url, 'friend')];
  await placeInRooms(victim, maxRoomsBroughtIntoByOne - 1, ana.user.id);
  const [room, next] = [await roomOf(ana, 'another'), await roomOf(ana, 'and another')];
  assert.equal(outcome(await invite(room, victim)), 201);
  assert.equal(outcome(await invite(room, victim)), 201, 'once more changes nothing');
  assert.equal(outcome(await invite(next, victim)), '403 forbidden');
  assert.equal(outcome(await as(ana, 'POST', '/directs', { user: victim.user.id })), '403 forbidden');
  assert.equal(outcome(await invite(await roomOf(friend, 'of a friend'), victim, friend)), 201);
  assert.equal(outcome(await as(friend, 'POST', '/directs', { user: victim.user.id })), 200);
  assert.equal((await as(victim, 'POST', `/rooms/${room}/leave`)).status, 204);
  assert.equal(outcome(await invite(next, victim)), 201, 'who leaves makes room');
});

test('[abuse 48] [LIMIT-5] others together fill half of the rooms: one makes and joins rooms all the same', async () => {
  const [victim, friend] = [await register(server.url, 'popular'), await register(server.url, 'friend2')];
  const crowd = ['c1', 'c2', 'c3', 'c4', 'c5'];
  for (const name of crowd) {
    const { user } = await register(server.url, `crowd-${name}`);
    await placeInRooms(victim, maxRoomsBroughtInto / crowd.length, user.id);
  }
  const room = await roomOf(friend, 'of friend2');
  assert.equal(outcome(await invite(room, victim, friend)), '403 forbidden');
  assert.equal(outcome(await as(friend, 'POST', '/directs', { user: victim.user.id })), '403 forbidden');
  await roomOf(victim, 'of their own', 'private');
  assert.equal(outcome(await as(victim, 'POST', `/rooms/${room}/join`)), 200);
  assert.equal(outcome(await as(victim, 'POST', '/directs', { user: friend.user.id })), 200);
});
