/** Rows 34 and 36 of abuse.md: rooms of others, which are not there for anyone else, and direct rooms. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Message, Room } from '../src/contract/objects.ts';
import type { Output } from '../src/contract/operations.ts';
import { attackedServer, type Person, present } from './support/abuse.ts';
import { type RawSocket, requestFrame } from './support/abuse-wire.ts';
import { TestSocket } from './support/people.ts';

const server = attackedServer();

type Hidden = { id: string; insiders: [Person, Person]; message: Message };

/** A private room and a direct one, each of two people and with a message. */
async function hiddenRooms(): Promise<Hidden[]> {
  const insiders: [Person, Person] = [await server.register(), await server.register()];
  const [one, other] = insiders;
  const made = await server.post<{ room: Room }>('/rooms', { name: 'ours', kind: 'private' }, one);
  const room = made.body.room.id;
  await server.post(`/rooms/${room}/members`, { user: other.user.id }, one);
  const direct = await openDirect(one, { user: other.user.id });
  return Promise.all(
    [room, direct.id].map(async id => {
      const sent = await server.send(id, `a secret ${randomUUID()}`, one);
      return { id, insiders, message: sent.body.message };
    }),
  );
}

async function openDirect(person: Person, input: object): Promise<Room> {
  const { status, body } = await server.post<{ room: Room }>('/directs', input, person);
  assert.equal(status, 200, JSON.stringify(body));
  return body.room;
}

/** Everything that can be asked about a room by its id, each way. */
function overHttp(
  room: string,
  spy: Person,
  message: Message,
): [method: string, path: string, body?: object][] {
  const { id, text } = message;
  return [
    ['GET', `/rooms/${room}`],
    ['GET', `/rooms/${room}/messages`],
    ['GET', `/rooms/${room}/messages?before=2`],
    ['GET', `/rooms/${room}/messages?after=0&limit=1`],
    ['GET', `/rooms/${room}/changes?after=0`],
    ['GET', `/rooms/${room}/changes?after=999999`],
    ['GET', `/rooms/${room}/members`],
    ['GET', `/rooms/${room}/members?cursor=1`],
    ['POST', `/rooms/${room}/join`],
    ['POST', `/rooms/${room}/leave`],
    ['POST', `/rooms/${room}/members`, { user: spy.user.id }],
    ['POST', `/rooms/${room}/members`, { user: randomUUID() }],
    ['POST', `/rooms/${room}/messages`, { id: randomUUID(), text: 'let me in' }],
    ['POST', `/rooms/${room}/messages`, { id, text }],
    ['PATCH', `/rooms/${room}`, { name: 'mine now' }],
    ['PATCH', `/rooms/${room}`, {}],
    ['PUT', `/rooms/${room}/read`, { seq: 1 }],
    ['DELETE', `/rooms/${room}/members/${message.sender.id}`],
    ['DELETE', `/rooms/${room}/members/${spy.user.id}`],
    ['DELETE', `/rooms/${room}/members/${randomUUID()}`],
  ];
}

function onSocket(room: string, spy: Person, message: Message): [op: string, input: object][] {
  const { id, text } = message;
  return [
    ['room.get', { room }],
    ['message.history', { room }],
    ['message.history', { room, after: 0 }],
    ['room.changes', { room, after: 0 }],
    ['room.members', { room }],
    ['room.join', { room }],
    ['room.join', { room, history: 0 }],
    ['room.leave', { room }],
    ['room.invite', { room, user: spy.user.id }],
    ['message.send', { room, id: randomUUID(), text: 'let me in' }],
    ['message.send', { room, id, text }],
    ['room.update', { room, topic: '' }],
    ['room.read', { room, seq: 0 }],
    ['room.remove', { room, user: message.sender.id }],
    ['room.remove', { room, user: spy.user.id }],
  ];
}

async function answersOverHttp(room: string, spy: Person, message: Message): Promise<unknown[]> {
  const answers = [];
  for (const [method, path, body] of overHttp(room, spy, message)) {
    const response = await server.request<object>(method, path, { token: spy.token, body });
    const { date: _, ...headers } = Object.fromEntries(response.headers);
    answers.push({ status: response.status, headers: withoutIds(headers), body: withoutIds(response.body) });
  }
  return answers;
}

async function answersOnSocket(
  socket: RawSocket,
  room: string,
  spy: Person,
  message: Message,
): Promise<unknown[]> {
  const answers = [];
  for (const [op, input] of onSocket(room, spy, message)) {
    const { ref: _, ...answer } = await socket.call(randomUUID(), op, input);
    answers.push(answer);
  }
  return answers;
}

/** But for what is another with every request. */
function withoutIds(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !/^(x-)?request-?id$/i.test(name)));
}

test('[abuse 34] [ROOM-2] a private or direct room of others is answered like one that does not exist, over HTTP', async () => {
  const spy = await server.register();
  for (const { id, message } of await hiddenRooms()) {
    const nowhere = await answersOverHttp(randomUUID(), spy, message);
    assert.deepEqual(await answersOverHttp(id, spy, message), nowhere);
    assert.deepEqual(await answersOverHttp(id.toUpperCase(), spy, message), nowhere);
    for (const answer of nowhere as { status: number; body: { code: string } }[]) {
      assert.equal(answer.status, 404);
      assert.equal(answer.body.code, 'not_found');
    }
  }
});

test('[abuse 34] [ROOM-2] a private or direct room of others is answered like one that does not exist, on a socket', async () => {
  const spy = await server.register();
  const socket = await server.connect(spy);
  for (const { id, message } of await hiddenRooms()) {
    const nowhere = await answersOnSocket(socket, randomUUID(), spy, message);
    assert.deepEqual(await answersOnSocket(socket, id, spy, message), nowhere);
    for (const { error } of nowhere as { error?: { code: string } }[]) assert.equal(error?.code, 'not_found');
  }
});

test('[abuse 34] asking changes nothing in a room of others', async () => {
  const spy = await server.register();
  const socket = await server.connect(spy);
  for (const { id, insiders, message } of await hiddenRooms()) {
    const before = (await server.get(`/rooms/${id}`, insiders[0])).body;
    await answersOverHttp(id, spy, message);
    await answersOnSocket(socket, id, spy, message);
    assert.deepEqual((await server.get(`/rooms/${id}`, insiders[0])).body, before);
  }
});

test('[abuse 34] a private or direct room of others is on no list', async () => {
  const spy = await server.register();
  const hidden = await hiddenRooms();
  for (const path of [
    '/rooms',
    '/rooms/public?limit=100',
    '/rooms/public?query=ours',
    '/rooms/public?cursor=o',
  ]) {
    const { body } = await server.get<{ rooms: Room[] }>(path, spy);
    const ids = body.rooms.map(({ id }) => id);
    for (const { id } of hidden) assert.ok(!ids.includes(id), path);
  }
});

test('[abuse 34] the name of a private room is free for a public one: it gives nothing away', async () => {
  const [insider, spy] = [await server.register(), await server.register()];
  for (const person of [insider, spy, spy]) {
    assert.equal((await server.post('/rooms', { name: 'plans', kind: 'private' }, person)).status, 201);
  }
  assert.equal((await server.post('/rooms', { name: 'plans' }, spy)).status, 201);
});

test('[abuse 34] a sync that names rooms of others is told of them what it is told of rooms that do not exist', async () => {
  const spy = await server.register();
  const socket = await server.connect(spy);
  const { log } = present(socket.texts[0]) as { log?: string };
  const hidden = (await hiddenRooms()).map(({ id }) => id);
  for (const version of [0, 1, 2, 3, 4, 1_000_000]) {
    const named = [...hidden, randomUUID(), spy.user.id];
    const rooms = Object.fromEntries(named.map(id => [id, version]));
    const { output } = await socket.call(`sync ${version}`, 'sync', { log, rooms });
    const { rooms: synced, left } = output as Output<'sync'>;
    assert.deepEqual(left.toSorted(), named.toSorted());
    assert.deepEqual(
      synced.map(({ room }) => room.id),
      [server.general],
    );
  }
});

test('[abuse 34] a sync that names rooms of others hears nothing of them, while it is under way and after', async () => {
  const spy = await server.register();
  const socket = await server.connect(spy);
  const hidden = await hiddenRooms();
  const rooms = Object.fromEntries(hidden.map(({ id }) => [id, 0]));
  const secret = `secret ${randomUUID()}`;
  const sends: Promise<unknown>[] = [];
  for (let round = 0; round < 10; round += 1) {
    socket.write(requestFrame(`sync ${round}`, 'sync', { rooms }));
    for (const { id, insiders } of hidden)
      sends.push(...insiders.map(person => server.send(id, secret, person)));
    await socket.answer(`sync ${round}`);
  }
  await Promise.all(sends);
  for (const { id, insiders } of hidden) await server.send(id, secret, insiders[0]);
  const last = `the last one ${randomUUID()}`;
  await server.send(server.general, last, spy);
  await socket.hears(
    'the last one',
    ({ event }) => event === 'change' && socket.connection.received.includes(last),
  );
  assert.ok(!socket.connection.received.includes(secret));
});

test('[abuse 34] an id of another kind is no room, and no person', async () => {
  const person = await server.register();
  const { body } = await server.send(server.general, 'mine', person);
  for (const id of [person.user.id, body.message.id]) {
    assert.equal((await server.get(`/rooms/${id}`, person)).status, 404);
    assert.equal((await server.send(id, 'x', person)).status, 404);
  }
  for (const user of [server.general, body.message.id]) {
    assert.equal((await server.post('/directs', { user }, person)).status, 404);
    const { room } = (
      await server.post<{ room: Room }>('/rooms', { name: 'guests', kind: 'private' }, person)
    ).body;
    assert.equal((await server.post(`/rooms/${room.id}/members`, { user }, person)).status, 404);
  }
});

test('[abuse 34] an id of a room that is written in another way is a bad request', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  const { general } = server;
  const spellings = [
    `{${general}}`,
    `urn:uuid:${general}`,
    general.replaceAll('-', ''),
    ` ${general}`,
    `${general}\n`,
    '*',
  ];
  for (const room of [
    ...spellings,
    `${general},${general}`,
    general.repeat(100),
    `${general}\0`,
    'general',
    '',
  ]) {
    const { error } = await socket.call(`get ${room.slice(0, 40)}`, 'room.get', { room });
    assert.equal(error?.code, 'bad_request', room.slice(0, 80));
    const { status } = await server.get(`/rooms/${encodeURIComponent(room)}/messages`, person);
    assert.ok(status === 400 || status === 404, `${room.slice(0, 80)}: ${status}`);
  }
});

test('[abuse 34] who left a private room is answered as if it did not exist', async () => {
  const [{ id, insiders, message }] = (await hiddenRooms()) as [Hidden, Hidden];
  const [, leaver] = insiders;
  const socket = await server.connect(leaver);
  assert.equal((await server.post(`/rooms/${id}/leave`, {}, leaver)).status, 204);
  // Nothing of the leaver's own: that is answered whoever asks.
  const others = { ...message, id: randomUUID() };
  assert.deepEqual(
    await answersOverHttp(id, leaver, others),
    await answersOverHttp(randomUUID(), leaver, others),
  );
  assert.deepEqual(
    await answersOnSocket(socket, id, leaver, others),
    await answersOnSocket(socket, randomUUID(), leaver, others),
  );
});

test('[abuse 36] a direct room with oneself is a bad request, however one is named', async () => {
  const person = await server.register();
  const { id, username } = person.user;
  const fullWidth = [...username]
    .map(character => String.fromCodePoint(character.charCodeAt(0) + 0xfee0))
    .join('');
  const selves = [
    { user: id },
    { user: id.toUpperCase() },
    { username },
    { username: username.toUpperCase() },
  ];
  const socket = await server.connect(person);
  for (const input of [...selves, { username: fullWidth }, { user: id, username: 'someone-else' }]) {
    const { status, body } = await server.post<{ code: string }>('/directs', input, person);
    assert.deepEqual([status, body.code], [400, 'bad_request'], JSON.stringify(input));
    assert.equal((await socket.call(randomUUID(), 'direct.open', input)).error?.code, 'bad_request');
  }
  assert.deepEqual(await server.query("select from rooms where direct_pair like '%' || $1 || '%'", [id]), []);
});

test('[abuse 36] a direct room with nobody, or with someone unknown, is not opened', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  const unknown = [{ user: randomUUID() }, { username: 'nobody-of-this-name' }, { user: server.general }];
  const nobody = [
    {},
    { user: '' },
    { user: null },
    { user: [person.user.id] },
    { username: '' },
    { username: 'x' },
    { name: 'x' },
  ];
  const cases = [
    ...unknown.map(input => [input, 'not_found']),
    ...nobody.map(input => [input, 'bad_request']),
  ] as const;
  for (const [input, code] of cases) {
    const { body } = await server.post<{ code: string }>('/directs', input, person);
    assert.equal(body.code, code, JSON.stringify(input));
    assert.equal(
      (await socket.call(randomUUID(), 'direct.open', input)).error?.code,
      code,
      JSON.stringify(input),
    );
  }
});

test('[abuse 36] both opening their direct room at the same instant, often, is one room', async () => {
  const [one, other] = [await server.register(), await server.register()];
  const lives = [
    await TestSocket.live(server.url, one.token),
    await TestSocket.live(server.url, other.token),
  ];
  const opened = await Promise.all(
    Array.from({ length: 20 }, (_, at) => [
      openDirect(one, at % 2 ? { user: other.user.id } : { username: other.user.username }),
      openDirect(other, at % 2 ? { user: one.user.id } : { username: one.user.username.toUpperCase() }),
    ]).flat(),
  );
  const ids = new Set(opened.map(({ id }) => id));
  assert.equal(ids.size, 1);
  const [room = ''] = ids;
  const pair = await server.query('select from rooms where direct_pair like $1', [`%${one.user.id}%`]);
  assert.equal(pair.length, 1);
  const members = await server.query<{ user_id: string }>('select user_id from members where room_id = $1', [
    room,
  ]);
  assert.deepEqual(members.map(row => row.user_id).sort(), [one.user.id, other.user.id].sort());
  const text = `hello ${randomUUID()}`;
  assert.equal((await server.send(room, text, one)).status, 201);
  for (const live of lives) {
    await live.until(() => live.texts(room).includes(text), 'the message');
    await live.call('ping', {});
    assert.deepEqual(live.texts(room), [text]);
    const joined = live.events.filter(event => event.event === 'joined' && event.room.id === room);
    assert.equal(joined.length, 1);
    await live.close();
  }
});

test('[abuse 36] [ROOM-12] a direct room stays what it is, whatever its members and others ask', async () => {
  const [one, other, third] = [await server.register(), await server.register(), await server.register()];
  const { id } = await openDirect(one, { user: other.user.id });
  for (const [person, status] of [
    [one, 403],
    [other, 403],
    [third, 404],
  ] as const) {
    for (const path of [`/rooms/${id}/join`, `/rooms/${id}/leave`]) {
      assert.equal((await server.post(path, {}, person)).status, status, path);
    }
    for (const user of [one.user.id, other.user.id, third.user.id, randomUUID()]) {
      assert.equal((await server.post(`/rooms/${id}/members`, { user }, person)).status, status);
    }
  }
  const { memberCount, version } = await openDirect(other, { user: one.user.id });
  assert.deepEqual([memberCount, version], [2, 2]);
});

test('[abuse 34, 36] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
