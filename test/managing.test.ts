/** Rooms that are renamed, people who are removed, found and up to date: what members do besides talking. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import type { Grant, Room, User } from '../src/contract/objects.ts';
import { type AnswerError, register, request, TestSocket } from './support/people.ts';
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

/** One call by HTTP as this person; `body` holds whatever comes back. */
async function as<Body>({ token }: Grant, method: string, path: string, body?: unknown) {
  return request<Body & { code: string }>(server.url, method, path, { token, body });
}

const live = (who: Grant) => TestSocket.live(server.url, who.token);

async function roomOf(owner: Grant, name: string, guests: readonly Grant[], kind = 'public'): Promise<Room> {
  const { body } = await as<{ room: Room }>(owner, 'POST', '/rooms', { name, kind, topic: 'at first' });
  for (const { user } of guests) await as(owner, 'POST', `/rooms/${body.room.id}/members`, { user: user.id });
  return (await as<{ room: Room }>(owner, 'GET', `/rooms/${body.room.id}`)).body.room;
}

const send = async (who: Grant, room: string, text: string) => {
  const { status } = await as(who, 'POST', `/rooms/${room}/messages`, { id: uuidv7(), text });
  assert.equal(status, 201);
};

test('[DELTA-3] the owner renames a room and gives it another topic: one change, which everyone in it is told', async () => {
  const room = await roomOf(ana, 'Old name', [bruno]);
  const socket = await live(bruno);
  const path = `/rooms/${room.id}`;
  const { status, body } = await as<{ room: Room }>(ana, 'PATCH', path, {
    name: ' New  name ',
    topic: 'then',
  });
  assert.equal(status, 200);
  assert.deepEqual(body.room, { ...room, name: 'New  name', topic: 'then', version: room.version + 1 });
  await socket.until(() => socket.changes(room.id).length > 0);
  const { role: _role, readSeq: _readSeq, ...info } = body.room;
  const { version } = info;
  assert.deepEqual(socket.changes(room.id), [
    { event: 'change', room: room.id, from: version, version, info },
  ]);
  await socket.close();
});

test('[ROOM-8] an empty topic is none, and what is not given stays', async () => {
  const room = await roomOf(ana, 'Topics', []);
  const { body } = await as<{ room: Room }>(ana, 'PATCH', `/rooms/${room.id}`, { topic: '' });
  assert.deepEqual([body.room.name, 'topic' in body.room], ['Topics', false]);
});

test('a renaming that changes nothing takes no version', async () => {
  const room = await roomOf(ana, 'Same', []);
  for (const body of [{}, { name: 'Same' }, { name: 'Same', topic: 'at first' }]) {
    const answer = await as<{ room: Room }>(ana, 'PATCH', `/rooms/${room.id}`, body);
    assert.deepEqual([answer.status, answer.body.room], [200, room]);
  }
});

test('[ROOM-5] a public room can not take the name of another one, but its own in another case', async () => {
  await roomOf(ana, 'Taken', []);
  const room = await roomOf(ana, 'Mine', []);
  const refused = await as(ana, 'PATCH', `/rooms/${room.id}`, { name: 'taken' });
  assert.deepEqual([refused.status, refused.body.code], [409, 'name_taken']);
  const renamed = await as<{ room: Room }>(ana, 'PATCH', `/rooms/${room.id}`, { name: 'MINE' });
  assert.deepEqual([renamed.status, renamed.body.room.version], [200, room.version + 1]);
});

test('[ROOM-8] only the owner can rename or remove; nobody in a room that has no owner', async () => {
  const room = await roomOf(ana, 'Owned', [bruno, carla]);
  const { body } = await as<{ rooms: Room[] }>(ana, 'GET', '/rooms');
  const general = body.rooms.find(({ name }) => name === 'general');
  for (const { id } of [room, general ?? room]) {
    const renamed = await as(bruno, 'PATCH', `/rooms/${id}`, { name: 'Stolen' });
    const removed = await as(bruno, 'DELETE', `/rooms/${id}/members/${carla.user.id}`);
    assert.deepEqual([renamed.body.code, removed.body.code], ['forbidden', 'forbidden']);
  }
});

test('[G6] [DELTA-3] who was away learns of a renaming by sync and by room.changes', async () => {
  const room = await roomOf(ana, 'Before', [bruno]);
  await send(ana, room.id, 'one');
  await as(ana, 'PATCH', `/rooms/${room.id}`, { name: 'Between' });
  await as(ana, 'PATCH', `/rooms/${room.id}`, { name: 'After', topic: '' });
  await send(ana, room.id, 'two');
  const socket = await TestSocket.open(server.url, bruno.token);
  const log = socket.hello?.log ?? '';
  const { rooms } = await socket.call('sync', { log, rooms: { [room.id]: room.version } });
  const synced = rooms.find(part => part.room.id === room.id);
  const paged = await socket.call('room.changes', { room: room.id, after: room.version });
  for (const delta of [synced?.reset === false && synced.delta, paged.delta]) {
    assert.ok(delta);
    assert.deepEqual([delta.from, delta.version], [room.version + 1, room.version + 4]);
    assert.deepEqual([delta.info?.name, delta.info?.topic], ['After', undefined]);
    assert.equal(delta.messages?.length, 2);
  }
  const later = await socket.call('room.changes', { room: room.id, after: room.version + 3 });
  assert.equal(later.delta.info, undefined);
  await socket.close();
});

test('[G9] [ROOM-11] who is removed gets the change, then the word, then nothing; those who stay see it', async () => {
  const room = await roomOf(ana, 'Removals', [bruno, carla]);
  const [removed, stays] = [await live(bruno), await live(carla)];
  const { status } = await as(ana, 'DELETE', `/rooms/${room.id}/members/${bruno.user.id}`);
  assert.equal(status, 204);
  await send(ana, room.id, 'without bruno');
  await removed.until(() => removed.events.some(event => event.event === 'left'));
  await stays.until(() => stays.texts(room.id).length > 0);
  const [change, ...rest] = removed.changes(room.id);
  assert.deepEqual(rest, []);
  assert.deepEqual(
    [change?.version, change?.members?.[0]?.in, change?.memberCount],
    [room.version + 1, false, 2],
  );
  assert.deepEqual(
    stays.changes(room.id).map(({ version }) => version),
    [room.version + 1, room.version + 2],
  );
  await Promise.all([removed.close(), stays.close()]);
});

test('[ROOM-9] who was removed comes back only by invitation, into a private room as into a public one', async () => {
  for (const [kind, code] of [
    ['public', 'forbidden'],
    ['private', 'not_found'],
  ] as const) {
    const room = await roomOf(ana, `Closed ${kind}`, [bruno, carla], kind);
    await as(ana, 'DELETE', `/rooms/${room.id}/members/${bruno.user.id}`);
    const refused = await as(bruno, 'POST', `/rooms/${room.id}/join`, {});
    assert.equal(refused.body.code, code);
    const invited = await as(carla, 'POST', `/rooms/${room.id}/members`, { user: bruno.user.id });
    assert.equal(invited.status, 201);
    assert.equal((await as(bruno, 'GET', `/rooms/${room.id}/messages`)).status, 200);
    await as(bruno, 'POST', `/rooms/${room.id}/leave`);
    const again = await as(bruno, 'POST', `/rooms/${room.id}/join`, {});
    assert.equal(again.status, kind === 'public' ? 200 : 404, 'leaving is not being removed');
  }
});

test('who left just before being removed stays out all the same, and nobody sees a difference', async () => {
  const room = await roomOf(ana, 'Too late', [bruno]);
  await as(bruno, 'POST', `/rooms/${room.id}/leave`);
  assert.equal((await as(ana, 'DELETE', `/rooms/${room.id}/members/${bruno.user.id}`)).status, 204);
  assert.equal((await as(bruno, 'POST', `/rooms/${room.id}/join`, {})).body.code, 'forbidden');
  const { body } = await as<{ room: Room }>(ana, 'GET', `/rooms/${room.id}`);
  assert.equal(body.room.version, room.version + 1);
});

test('removing oneself or somebody who never was in the room is refused', async () => {
  const room = await roomOf(ana, 'Nobody', []);
  const removed = (user: string) => as(ana, 'DELETE', `/rooms/${room.id}/members/${user}`);
  assert.equal((await removed(ana.user.id)).body.code, 'bad_request');
  assert.equal((await removed(bruno.user.id)).body.code, 'not_found');
  assert.equal((await removed(uuidv7())).body.code, 'not_found');
});

test('[ROOM-12] nobody is removed from a direct room, and it is not renamed', async () => {
  const { body } = await as<{ room: Room }>(ana, 'POST', '/directs', { username: 'bruno' });
  const removed = await as(ana, 'DELETE', `/rooms/${body.room.id}/members/${bruno.user.id}`);
  const renamed = await as(ana, 'PATCH', `/rooms/${body.room.id}`, { name: 'Us' });
  assert.deepEqual([removed.body.code, renamed.body.code], ['forbidden', 'forbidden']);
});

test('[ROOM-13] the read mark moves on, never back, never past the last message; the other devices get to know', async () => {
  const room = await roomOf(ana, 'Reading', [bruno]);
  for (const text of ['one', 'two', 'three']) await send(ana, room.id, text);
  const [phone, laptop, other] = [await live(bruno), await live(bruno), await live(ana)];
  const read = async (seq: number) => (await phone.call('room.read', { room: room.id, seq })).readSeq;
  assert.deepEqual([await read(2), await read(1), await read(2), await read(99)], [2, 2, 2, 3]);
  const { body } = await as<{ readSeq: number }>(bruno, 'PUT', `/rooms/${room.id}/read`, { seq: 3 });
  assert.equal(body.readSeq, 3);
  await laptop.until(() => laptop.events.filter(({ event }) => event === 'read').length === 2);
  const marks = (socket: TestSocket) => socket.events.filter(({ event }) => event === 'read');
  assert.deepEqual(marks(laptop), [
    { event: 'read', room: room.id, seq: 2 },
    { event: 'read', room: room.id, seq: 3 },
  ]);
  await other.call('ping', {});
  assert.deepEqual([marks(phone), marks(other)], [[], []]);
  const seen = await phone.call('room.get', { room: room.id });
  assert.deepEqual([seen.room.readSeq, seen.room.lastSeq], [3, 3]);
  await Promise.all([phone, laptop, other].map(socket => socket.close()));
});

test('only who is in a room can have read it', async () => {
  const room = await roomOf(ana, 'Unread', []);
  const hidden = await roomOf(ana, 'Hidden', [], 'private');
  for (const [{ id }, code] of [
    [room, 'forbidden'],
    [hidden, 'not_found'],
  ] as const) {
    assert.equal((await as(bruno, 'PUT', `/rooms/${id}/read`, { seq: 0 })).body.code, code);
  }
});

test('[PAGE-5] a display name in wide letters, or with its accents apart, is found by plain ones', async () => {
  const names = { 'wide.joao': 'Ｊｏãｏ Largo', 'apart.joao': 'Joa\u0303o Separado' };
  for (const [username, displayName] of Object.entries(names)) {
    await request(server.url, 'POST', '/register', {
      body: { username, password: 'correct horse', displayName },
    });
  }
  for (const query of ['joao', 'João', 'JOÃO', 'ｊｏａ']) {
    const { body } = await as<{ users: User[] }>(carla, 'GET', `/users?query=${encodeURIComponent(query)}`);
    assert.deepEqual(
      body.users.map(({ displayName }) => displayName),
      Object.values(names).toReversed(),
      query,
    );
  }
});

test('[PAGE-5] people are found by the beginning of their names, in any case, the exact one first', async () => {
  await request(server.url, 'POST', '/register', {
    body: { username: 'zoe.anders', password: 'correct horse', displayName: 'Anastácia 100%' },
  });
  for (const name of ['anabel', 'an_tonio', 'an.drea']) await register(server.url, name);
  const find = async (query: string, limit = '') => {
    const path = `/users?query=${encodeURIComponent(query)}${limit}`;
    const { body } = await as<{ users: User[] }>(carla, 'GET', path);
    return body.users.map(({ username }) => username);
  };
  assert.deepEqual(await find('ANA'), ['ana', 'anabel', 'zoe.anders']);
  assert.deepEqual(await find('anastÁ'), ['zoe.anders']);
  assert.deepEqual(await find('anastacia'), ['zoe.anders'], 'without its accent');
  assert.deepEqual(
    await find('a\u0301na'),
    await find('ana'),
    'with one, in two characters, that nobody has',
  );
  assert.deepEqual(await find('ＡＮＡＳ'), ['zoe.anders'], 'in wide letters');
  assert.deepEqual(await find('\u0301'), [], 'an accent alone');
  assert.deepEqual(await find('an_'), ['an_tonio'], 'no wildcard');
  assert.deepEqual(await find('%'), []);
  assert.deepEqual(await find('\\'), []);
  assert.deepEqual(await find('an', '&limit=1'), ['an.drea']);
  assert.equal((await as(carla, 'GET', '/users?query=')).status, 400);
});

test("[PAGE-4] one's rooms come most recently active first, in pages if asked", async () => {
  const dora = await register(server.url, 'dora');
  const names = ['r1', 'r2', 'r3', 'r4', 'r5'];
  const made: Room[] = [];
  for (const name of names) made.push(await roomOf(dora, name, [], 'private'));
  await send(dora, made[1]?.id ?? '', 'hello');
  const all = await as<{ rooms: Room[]; cursor?: string }>(dora, 'GET', '/rooms');
  const order = ['r2', 'r5', 'r4', 'r3', 'r1', 'general'];
  assert.deepEqual(
    all.body.rooms.map(({ name }) => name),
    order,
  );
  assert.equal(all.body.cursor, undefined);
  const paged: (string | null)[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body } = await as<{ rooms: Room[]; cursor?: string }>(dora, 'GET', `/rooms?limit=4${query}`);
    paged.push(...body.rooms.map(({ name }) => name));
    cursor = body.cursor;
  } while (cursor !== undefined);
  assert.deepEqual(paged, order);
  assert.equal((await as(dora, 'GET', '/rooms?cursor=nonsense')).status, 400);
});

test('[SOCK-20] before it stops, the server tells everyone when to come back', async () => {
  const other = await startServer();
  const dan = await register(other.url, 'dan');
  const socket = await TestSocket.live(other.url, dan.token);
  await other.close();
  const { code } = await socket.closed;
  const [draining] = socket.events.slice(-1);
  assert.equal(code, 1012);
  assert.ok(draining?.event === 'draining' && draining.reconnectInMs >= 0 && draining.reconnectInMs <= 500);
});

test('[AUTH-9] signing out ends the login, and closes its sockets and no others', async () => {
  const { user, ...first } = await register(server.url, 'eva');
  const { body: second } = await request<Grant>(server.url, 'POST', '/login', {
    body: { username: user.username, password: 'correct horse' },
  });
  const [gone, stays] = [await live({ user, ...first }), await live(second)];
  const { status } = await as({ user, ...first }, 'POST', '/logout');
  assert.equal(status, 204);
  assert.equal((await gone.closed).code, 4501);
  assert.equal((await stays.call('account.me', {})).user.id, user.id);
  assert.deepEqual(await stays.call('account.logout', {}), {});
  assert.equal((await stays.closed).code, 4501);
  for (const { token } of [first, second]) {
    assert.equal((await request(server.url, 'GET', '/me', { token })).status, 401);
  }
});

test('[AUTH-10] a refreshed token goes on with the live socket; one of another user does not', async () => {
  const eva = (
    await request<Grant>(server.url, 'POST', '/login', {
      body: { username: 'eva', password: 'correct horse' },
    })
  ).body;
  const socket = await live(eva);
  const { body: next } = await request<Grant>(server.url, 'POST', '/refresh', {
    body: { refreshToken: eva.refreshToken },
  });
  assert.deepEqual(await socket.call('token.renew', { token: next.token }), { expiresAt: next.expiresAt });
  const renewing = (token: string) => socket.call('token.renew', { token });
  await assert.rejects(renewing(ana.token), (error: AnswerError) => error.code === 'forbidden');
  await assert.rejects(renewing('nonsense'), (error: AnswerError) => error.code === 'unauthorized');
  await socket.close();
});
