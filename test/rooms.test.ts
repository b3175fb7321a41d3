/** Rooms as people use them: making, finding, coming and going, by HTTP and by socket. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import type { Grant, Member, Message, Room } from '../src/contract/objects.ts';
import { register, request, TestSocket } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
let ana: Grant;
let bruno: Grant;
let carla: Grant;

before(async () => {
  server = await startServer();
  [ana, bruno, carla] = await Promise.all([
    register(server.url, 'ana'),
    register(server.url, 'bruno'),
    register(server.url, 'carla'),
  ]);
});

after(() => server.close());

type Problem = { code: string; detail: string; requestId: string };

/** One call by HTTP as this person; `body` holds whatever comes back. */
async function as<Body>(who: Grant, method: string, path: string, body?: unknown) {
  const { token } = who;
  return request<Body & Problem>(server.url, method, path, { token, body });
}

const createRoom = async (who: Grant, name: string, kind = 'public') =>
  (await as<{ room: Room }>(who, 'POST', '/rooms', { name, kind })).body.room;

test('[ROOM-4] whoever creates a room owns it and is its first member', async () => {
  const { status, body } = await as<{ room: Room }>(ana, 'POST', '/rooms', {
    name: ' Planos ',
    topic: 'what next',
  });
  assert.equal(status, 201);
  const { kind, name, topic, memberCount, lastSeq, version, role } = body.room;
  assert.deepEqual(
    { kind, name, topic, memberCount, lastSeq, version, role },
    {
      kind: 'public',
      name: 'Planos',
      topic: 'what next',
      memberCount: 1,
      lastSeq: 0,
      version: 1,
      role: 'owner',
    },
  );
});

test('[ROOM-5] a second public room of a name is refused, however it is written; private ones may share a name', async () => {
  await createRoom(ana, 'Café');
  for (const name of ['Café', 'CAFÉ', 'cafe\u0301', ' café ']) {
    const { status, body } = await as(bruno, 'POST', '/rooms', { name });
    assert.deepEqual([name, status, body.code], [name, 409, 'name_taken']);
  }
  const twins = [await createRoom(ana, 'Café', 'private'), await createRoom(bruno, 'Café', 'private')];
  assert.notEqual(twins[0]?.id, twins[1]?.id);
});

test('[ROOM-15] creating a room again with its id is answered with the same room; with the id of another one, refused', async () => {
  const id = uuidv7();
  const create = (who: Grant, name: string) => as<{ room: Room }>(who, 'POST', '/rooms', { id, name });
  const [first, again] = [await create(ana, 'Once'), await create(ana, 'Once')];
  assert.deepEqual([first.status, again.status, first.body.room.id], [201, 201, id]);
  assert.deepEqual(again.body.room, first.body.room);
  const conflict = await create(bruno, 'Once more');
  assert.deepEqual([conflict.status, conflict.body.code], [409, 'id_conflict']);
  const taken = await as(ana, 'POST', '/rooms', { id: uuidv7(), name: 'once' });
  assert.equal(taken.body.code, 'name_taken');
});

test('names are trimmed, and refused when empty, too long or with control characters', async () => {
  for (const name of [
    '',
    '   ',
    'x'.repeat(81),
    'two\nlines',
    'bell\u0007',
    'half \ud800',
    7,
    null,
    undefined,
  ]) {
    const { status, body } = await as(ana, 'POST', '/rooms', { name });
    assert.deepEqual([name, status, body.code], [name, 400, 'bad_request']);
  }
  assert.equal((await createRoom(ana, '語'.repeat(80))).name, '語'.repeat(80));
});

test('[PAGE-4] browsing shows public rooms by name in pages, and private ones never', async () => {
  for (const name of ['browse c', 'browse a', 'browse b']) await createRoom(ana, name);
  await createRoom(ana, 'browse secret', 'private');
  const found: (string | null)[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const path: string = `/rooms/public?query=BROWSE&limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body }: { body: { rooms: Room[]; cursor?: string } } = await as(bruno, 'GET', path);
    assert.ok(body.rooms.length <= 2);
    found.push(...body.rooms.map(room => room.name));
    cursor = body.cursor;
  }
  assert.deepEqual(found, ['browse a', 'browse b', 'browse c']);
});

test('[ROOM-6] joining a public room answers with its last messages, ascending', async () => {
  const room = await createRoom(ana, 'with a past');
  for (const text of ['one', 'two', 'three']) {
    await as(ana, 'POST', `/rooms/${room.id}/messages`, { id: uuidv7(), text });
  }
  const { body } = await as<{ room: Room; messages: Message[] }>(bruno, 'POST', `/rooms/${room.id}/join`, {
    history: 2,
  });
  assert.deepEqual(
    body.messages.map(message => message.text),
    ['two', 'three'],
  );
  assert.equal(body.room.memberCount, 2);
  assert.equal(body.room.role, 'member');
  assert.equal(body.room.readSeq, 3, 'what was there before counts as read');
});

test('[ROOM-3] [SEND-8] a public room can be looked at but neither read nor written by who is not in it', async () => {
  const room = await createRoom(ana, 'open door');
  assert.equal((await as(bruno, 'GET', `/rooms/${room.id}`)).status, 200);
  for (const [method, path, body] of [
    ['GET', 'messages', undefined],
    ['GET', 'members', undefined],
    ['GET', 'changes?after=0', undefined],
    ['POST', 'messages', { id: uuidv7(), text: 'hello?' }],
  ] as const) {
    const answer = await as(bruno, method, `/rooms/${room.id}/${path}`, body);
    assert.deepEqual([path, answer.status, answer.body.code], [path, 403, 'forbidden']);
  }
});

test('[ROOM-7] any member may invite into a private room, whose guest is told at once', async () => {
  const room = await createRoom(ana, 'by invitation', 'private');
  const guest = await TestSocket.live(server.url, carla.token);
  await as(ana, 'POST', `/rooms/${room.id}/members`, { user: bruno.user.id });
  const { status, body } = await as<{ member: Member }>(bruno, 'POST', `/rooms/${room.id}/members`, {
    user: carla.user.id,
  });
  assert.equal(status, 201);
  assert.equal(body.member.user.username, 'carla');
  assert.equal(body.member.in, true);
  await guest.until(() => guest.events.some(event => event.event === 'joined' && event.room.id === room.id));
  assert.equal((await as(ana, 'POST', `/rooms/${room.id}/members`, { user: uuidv7() })).status, 404);
  await guest.close();
});

test('[PAGE-4] members are listed longest-standing first, in pages, without those who left', async () => {
  const room = await createRoom(ana, 'a crowd');
  for (const who of [bruno, carla]) await as(who, 'POST', `/rooms/${room.id}/join`);
  await as(bruno, 'POST', `/rooms/${room.id}/leave`);
  await as(bruno, 'POST', `/rooms/${room.id}/join`);
  const names: string[] = [];
  for (let path = `/rooms/${room.id}/members?limit=1`; path !== ''; ) {
    const { body }: { body: { members: Member[]; cursor?: string } } = await as(ana, 'GET', path);
    names.push(...body.members.map(member => member.user.username));
    path = body.cursor === undefined ? '' : `/rooms/${room.id}/members?limit=1&cursor=${body.cursor}`;
  }
  assert.deepEqual(names, ['ana', 'carla', 'bruno']);
  const odd = await as(ana, 'GET', `/rooms/${room.id}/members?cursor=nonsense`);
  assert.deepEqual([odd.status, odd.body.code], [400, 'bad_request']);
});

test('[ROOM-10] when the owner leaves, the longest-standing member owns the room', async () => {
  const room = await createRoom(ana, 'an heirloom');
  for (const who of [bruno, carla]) await as(who, 'POST', `/rooms/${room.id}/join`);
  assert.equal((await as(ana, 'POST', `/rooms/${room.id}/leave`)).status, 204);
  const { body } = await as<{ room: Room }>(bruno, 'GET', `/rooms/${room.id}`);
  assert.equal(body.room.role, 'owner');
  assert.equal(body.room.memberCount, 2);
});

test('[ROOM-12] a direct room is the same for both, has two members for ever, and shows each the other', async () => {
  const mine = await as<{ room: Room }>(ana, 'POST', '/directs', { username: 'Bruno' });
  const theirs = await as<{ room: Room }>(bruno, 'POST', '/directs', { user: ana.user.id });
  const { room } = mine.body;
  assert.equal(room.id, theirs.body.room.id);
  assert.deepEqual([room.kind, room.name, room.peer?.username], ['direct', null, 'bruno']);
  assert.equal(theirs.body.room.peer?.username, 'ana');
  for (const [path, body] of [
    ['join', {}],
    ['leave', {}],
    ['members', { user: carla.user.id }],
  ] as const) {
    const answer = await as(ana, 'POST', `/rooms/${room.id}/${path}`, body);
    assert.deepEqual([path, answer.status, answer.body.code], [path, 403, 'forbidden']);
  }
  assert.equal((await as(carla, 'GET', `/rooms/${room.id}`)).status, 404);
});

test('[PAGE-2] history goes back and forth in pages that say whether there is more', async () => {
  const room = await createRoom(ana, 'long talk');
  for (let index = 1; index <= 7; index += 1) {
    await as(ana, 'POST', `/rooms/${room.id}/messages`, { id: uuidv7(), text: `${index}` });
  }
  const page = async (query: string) => {
    const { body } = await as<{ messages: Message[]; more: boolean }>(
      ana,
      'GET',
      `/rooms/${room.id}/messages?${query}`,
    );
    return [body.messages.map(message => message.text).join(' '), body.more];
  };
  assert.deepEqual(await page('limit=3'), ['5 6 7', true]);
  assert.deepEqual(await page('limit=3&before=5'), ['2 3 4', true]);
  assert.deepEqual(await page('limit=3&before=2'), ['1', false]);
  assert.deepEqual(await page('limit=3&after=3'), ['4 5 6', true]);
  assert.deepEqual(await page('limit=3&after=6'), ['7', false]);
  assert.deepEqual(await page('before=1000000'), ['1 2 3 4 5 6 7', false]);
  assert.equal((await as(ana, 'GET', `/rooms/${room.id}/messages?before=3&after=1`)).status, 400);
});

test('[PAGE-1] a page ends early where the answer would hold more than 256 KiB', async () => {
  const room = await createRoom(ana, 'long texts');
  const socket = await TestSocket.live(server.url, ana.token);
  const text = '\u0001'.repeat(16 * 1024);
  for (let index = 0; index < 6; index += 1) {
    await socket.call('message.send', { room: room.id, id: uuidv7(), text });
  }
  const newest = await socket.call('message.history', { room: room.id });
  assert.deepEqual(
    [newest.messages.map(message => message.seq), newest.more],
    [[5, 6], true],
    'each is 98 KiB on the wire',
  );
  const changes = await socket.call('room.changes', { room: room.id, after: 0 });
  assert.equal(changes.more, true);
  assert.ok(JSON.stringify(changes).length < 256 * 1024 + 1_000);
  await socket.close();
});
