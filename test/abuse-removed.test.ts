/** Row 35 of abuse.md: who was removed from a room, and would like to know how it went on. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Room } from '../src/contract/objects.ts';
import { attackedServer, type Person } from './support/abuse.ts';
import { AnswerError, TestSocket } from './support/people.ts';

const server = attackedServer();

type Kind = 'public' | 'private';
type Body = { room: Room };

let names = 0;

async function makeRoom(owner: Person, kind: Kind): Promise<Room> {
  names += 1;
  const { status, body } = await server.post<Body>('/rooms', { name: `room ${names}`, kind }, owner);
  assert.equal(status, 201);
  return body.room;
}

const invite = (room: Room, guest: Person, host: Person) =>
  server.post<Body>(`/rooms/${room.id}/members`, { user: guest.user.id }, host);

const remove = (room: Room, member: Person, owner: Person) =>
  server.request<Body>('DELETE', `/rooms/${room.id}/members/${member.user.id}`, { token: owner.token });

const get = (path: string, person: Person) => server.get<Body>(path, person);

const code = (expected: string) => (error: unknown) =>
  error instanceof AnswerError && error.code === expected;

/** Who is left of an owner and two members when one of them has been removed: a room of each kind, and its socket. */
async function removed(kind: Kind) {
  const [owner, member, outcast] = [
    await server.register(),
    await server.register(),
    await server.register(),
  ];
  const room = await makeRoom(owner, kind);
  for (const guest of [member, outcast]) assert.equal((await invite(room, guest, owner)).status, 201);
  const socket = await TestSocket.live(server.url, outcast.token);
  await server.send(room.id, 'before', owner);
  await socket.until(() => socket.texts(room.id).includes('before'));
  assert.equal((await remove(room, outcast, owner)).status, 204);
  await socket.until(() => socket.events.some(event => event.event === 'left'));
  await server.send(room.id, `after ${kind}`, owner);
  return { room, owner, member, outcast, socket, refusal: kind === 'public' ? 'forbidden' : 'not_found' };
}

const kinds = ['public', 'private'] as const;

test('[abuse 35] who is removed hears of it, and nothing after it, on a socket that stays', async () => {
  for (const kind of kinds) {
    const { room, owner, outcast, socket } = await removed(kind);
    for (let at = 0; at < 10; at += 1) await server.send(room.id, `secret ${at}`, owner);
    // By the same way, later: what would have come has come.
    const last = `last ${randomUUID()}`;
    await server.send(server.general, last, owner);
    await socket.until(() => socket.texts(server.general).includes(last));
    assert.deepEqual(socket.texts(room.id), ['before']);
    const gone = socket.changes(room.id).at(-1);
    const [row] = gone?.members ?? [];
    assert.deepEqual([row?.user.id, row?.in, row?.version], [outcast.user.id, false, gone?.version]);
    assert.equal(gone?.memberCount, 2);
    assert.equal(socket.events.filter(event => event.event === 'left').length, 1);
    await socket.close();
  }
});

test('[abuse 35] a sync from any version, old or made up, tells the removed of the room only that it is left', async () => {
  for (const kind of kinds) {
    const { room, outcast, socket } = await removed(kind);
    const { log } = socket.hello ?? {};
    for (const version of [0, 1, 2, 3, 4, 5, 6, 7, 1_000_000, Number.MAX_SAFE_INTEGER]) {
      for (const connection of [socket, await TestSocket.open(server.url, outcast.token)]) {
        const synced = await connection.call('sync', { ...(log && { log }), rooms: { [room.id]: version } });
        assert.deepEqual(synced.left, [room.id]);
        assert.deepEqual(
          synced.rooms.map(each => each.room.id),
          [server.general],
        );
        if (connection !== socket) await connection.close();
      }
    }
    assert.ok(!JSON.stringify(socket.frames).includes('after'));
    await socket.close();
  }
});

test('[abuse 35] nothing can be read or done in a room one was removed from', async () => {
  for (const kind of kinds) {
    const { room, owner, member, outcast, socket, refusal } = await removed(kind);
    const before = (await get(`/rooms/${room.id}`, owner)).body;
    const { id } = room;
    const user = member.user.id;
    const attempts = [
      () => socket.call('message.history', { room: id }),
      () => socket.call('message.history', { room: id, before: 2 }),
      () => socket.call('room.changes', { room: id, after: 0 }),
      () => socket.call('room.members', { room: id }),
      () => socket.call('room.read', { room: id, seq: 1 }),
      () => socket.call('room.update', { room: id, name: 'mine' }),
      () => socket.call('room.invite', { room: id, user: outcast.user.id }),
      () => socket.call('room.invite', { room: id, user }),
      () => socket.call('room.remove', { room: id, user }),
      () => socket.call('message.send', { room: id, id: randomUUID(), text: 'let me in' }),
      () => socket.call('room.join', { room: id }),
      () => socket.call('room.join', { room: id, history: 0 }),
    ];
    for (const attempt of attempts) await assert.rejects(attempt, code(refusal), String(attempt));
    assert.deepEqual((await get(`/rooms/${id}`, owner)).body, before);
    await socket.close();
  }
});

test('[abuse 35] leaving a room one was removed from does not open the way back', async () => {
  const { room, outcast, socket } = await removed('public');
  await socket.call('room.leave', { room: room.id });
  assert.equal((await server.post(`/rooms/${room.id}/join`, {}, outcast)).status, 403);
  await socket.close();
});

test('[abuse 35] who leaves just before being removed does not come back either', async () => {
  const [owner, leaver] = [await server.register(), await server.register()];
  const room = await makeRoom(owner, 'public');
  assert.equal((await server.post(`/rooms/${room.id}/join`, {}, leaver)).status, 200);
  assert.equal((await server.post(`/rooms/${room.id}/leave`, {}, leaver)).status, 204);
  assert.equal((await remove(room, leaver, owner)).status, 204);
  assert.equal((await server.post(`/rooms/${room.id}/join`, {}, leaver)).status, 403);
});

test('[abuse 35] joining while one is being removed ends with being out, in whatever order', async () => {
  const [owner, joiner] = [await server.register(), await server.register()];
  const room = await makeRoom(owner, 'public');
  await server.post(`/rooms/${room.id}/join`, {}, joiner);
  const joins = Array.from({ length: 10 }, () => server.post<Body>(`/rooms/${room.id}/join`, {}, joiner));
  const [removal] = await Promise.all([remove(room, joiner, owner), ...joins]);
  assert.equal(removal.status, 204);
  assert.equal((await get(`/rooms/${room.id}/messages`, joiner)).status, 403);
  assert.equal((await get(`/rooms/${room.id}`, owner)).body.room.memberCount, 1);
});

test('[abuse 35] an invitation by any member brings the removed back, with everything, and a socket hears of it', async () => {
  for (const kind of kinds) {
    const { room, member, outcast, socket } = await removed(kind);
    assert.equal((await invite(room, outcast, member)).status, 201);
    await socket.until(() => socket.events.some(event => event.event === 'joined'));
    const { messages } = await socket.call('message.history', { room: room.id });
    assert.deepEqual(
      messages.map(({ text }) => text),
      ['before', `after ${kind}`],
    );
    // Back is back: leaving and joining by oneself is possible again, where the room is public.
    await socket.call('room.leave', { room: room.id });
    const { status } = await server.post(`/rooms/${room.id}/join`, {}, outcast);
    assert.equal(status, kind === 'public' ? 200 : 404);
    await socket.close();
  }
});

test('[abuse 35] only the owner removes, and only others, and only members', async () => {
  const [owner, member, stranger] = [
    await server.register(),
    await server.register(),
    await server.register(),
  ];
  const room = await makeRoom(owner, 'public');
  await invite(room, member, owner);
  const { version } = (await get(`/rooms/${room.id}`, owner)).body.room;
  assert.equal((await remove(room, owner, member)).status, 403);
  assert.equal((await remove(room, stranger, member)).status, 403);
  assert.equal((await remove(room, member, member)).status, 403);
  assert.equal((await remove(room, member, stranger)).status, 403);
  assert.equal((await remove(room, owner, owner)).status, 400);
  assert.equal((await remove(room, stranger, owner)).status, 404);
  // Nobody owns the room that everyone is in.
  const { general: id } = server;
  const path = `/rooms/${id}/members/${member.user.id}`;
  assert.equal((await server.request('DELETE', path, { token: owner.token })).status, 403);
  const after = (await get(`/rooms/${room.id}`, owner)).body.room;
  assert.deepEqual([after.version, after.memberCount], [version, 2]);
});

test('[abuse 35] an owner who leaves while removing keeps no power over the room', async () => {
  const [owner, heir, third] = [await server.register(), await server.register(), await server.register()];
  const room = await makeRoom(owner, 'private');
  for (const guest of [heir, third]) await invite(room, guest, owner);
  await server.post(`/rooms/${room.id}/leave`, {}, owner);
  assert.equal((await remove(room, third, owner)).status, 404);
  assert.equal((await remove(room, owner, heir)).status, 204);
  assert.equal((await remove(room, third, heir)).status, 204);
});

test('[abuse 35] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
