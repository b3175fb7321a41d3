/** Rules of PROTOCOL.md on rooms: who may do what in them, and what is told of it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { limits } from '../src/contract/limits.ts';
import type { Grant, Room } from '../src/contract/objects.ts';
import { register, TestSocket } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
let ana: Grant;
let bruno: Grant;
let owner: TestSocket;
let guest: TestSocket;
before(async () => {
  server = await startServer({ PAPO_DEFAULT_ROOMS: 'hall, kitchen' });
  [ana, bruno] = await Promise.all([register(server.url, 'ana'), register(server.url, 'bruno')]);
  owner = await TestSocket.live(server.url, ana.token);
  guest = await TestSocket.live(server.url, bruno.token);
});
after(() => server.close());

/** A public room of Ana's, with Bruno in it. */
async function shared(name: string): Promise<Room> {
  const { room } = await owner.call('room.create', { name });
  return (await guest.call('room.join', { room: room.id })).room;
}

const say = (room: Room, text: string) =>
  owner.call('message.send', { room: room.id, id: randomUUID(), text });

test('[ROOM-1] a new account is a member of the default rooms', async () => {
  const { rooms } = await guest.call('room.list', {});
  const inRooms = rooms.map(({ name, role }) => [name, role]);
  assert.deepEqual(inRooms.sort(), [
    ['hall', 'member'],
    ['kitchen', 'member'],
  ]);
});

test('[ROOM-13] the read mark of who joins begins at the last message', async () => {
  const { room } = await owner.call('room.create', { name: 'to be read' });
  for (const text of ['one', 'two', 'three']) await say(room, text);
  const joined = await guest.call('room.join', { room: room.id });
  assert.deepEqual([joined.room.readSeq, joined.room.lastSeq], [3, 3]);
});

test('[ROOM-14] in a crowd, who comes and goes is covered by the next change, without names', async () => {
  const room = await shared('crowd');
  const version = await crowd(room);
  const carla = await register(server.url, 'carla');
  const comer = await TestSocket.open(server.url, carla.token);
  await comer.call('room.join', { room: room.id });
  await guest.until(() => guest.changes(room.id).at(-1)?.version === version + 1);
  const memberCount = limits.maxMembersTold + 3;
  const covering = guest.changes(room.id).at(-1);
  assert.deepEqual([covering?.memberCount, covering?.members], [memberCount, undefined]);

  await comer.call('room.leave', { room: room.id });
  const { message } = await say(room, 'to all of you');
  await guest.until(() => guest.texts(room.id).length > 0);
  const last = guest.changes(room.id).at(-1);
  assert.deepEqual(
    [last?.from, last?.version, last?.memberCount],
    [version + 2, version + 3, memberCount - 1],
  );
  assert.deepEqual([last?.messages, last?.members], [[message], undefined]);
  await comer.close();
});

/** Five hundred more members than there are, as if they had come before. @returns the room's version after that. */
async function crowd({ id }: Room): Promise<number> {
  const client = new pg.Client(server.databaseUrl);
  await client.connect();
  await client.query(
    `insert into users (id, username, display_name, password_hash)
     select gen_random_uuid(), 'crowd' || n, 'crowd', '' from generate_series(1, $1::int) n`,
    [limits.maxMembersTold],
  );
  await client.query(
    `insert into members (room_id, user_id, role, state, version, since, read_seq)
     select $1, u.id, 'member', 'in', h.version + row_number() over (), h.version + row_number() over (), 0
     from users u, room_heads h where u.display_name = 'crowd' and h.room_id = $1`,
    [id],
  );
  const { rows } = await client.query(
    `update room_heads set version = version + $2, member_count = member_count + $2 where room_id = $1 returning version`,
    [id, limits.maxMembersTold],
  );
  await client.end();
  return Number(rows[0].version);
}
