/** What papo promises, seen from outside: two doors, several people, one server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Delta, Grant, Message, Room } from '../src/contract/objects.ts';
import { readMetrics } from './support/metrics-page.ts';
import { AnswerError, register, request, TestSocket } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
let ana: Grant;
let bruno: Grant;
let carla: Grant;

before(async () => {
  server = await startServer({ PAPO_METRICS_ADDR: '127.0.0.1:0' });
  [ana, bruno, carla] = await Promise.all([
    register(server.url, 'ana'),
    register(server.url, 'bruno'),
    register(server.url, 'carla'),
  ]);
});

after(() => server.close());

const live = (grant: Grant) => TestSocket.live(server.url, grant.token);

/** More than any system keeps for a socket that nobody reads. */
const maxLongMessages = 4_000;

let rooms = 0;

/** A room of these people, the first of them its owner. */
async function roomOf(owner: Grant, ...guests: Grant[]): Promise<Room> {
  rooms += 1;
  const body = { name: `room ${rooms}`, kind: 'private' };
  const { token } = owner;
  const created = await request<{ room: Room }>(server.url, 'POST', '/rooms', { token, body });
  const { room } = created.body;
  for (const { user } of guests) {
    await request(server.url, 'POST', `/rooms/${room.id}/members`, { token, body: { user: user.id } });
  }
  return (await request<{ room: Room }>(server.url, 'GET', `/rooms/${room.id}`, { token })).body.room;
}

async function send(socket: TestSocket, room: Room, text: string, id = uuidv7()): Promise<Message> {
  return (await socket.call('message.send', { room: room.id, id, text })).message;
}

async function history(grant: Grant, room: Room): Promise<Message[]> {
  const { token } = grant;
  const path = `/rooms/${room.id}/messages?limit=100`;
  return (await request<{ messages: Message[] }>(server.url, 'GET', path, { token })).body.messages;
}

function assertJoined(deltas: readonly Delta[], after: number, upTo: number): void {
  let version = after;
  for (const delta of deltas) {
    assert.equal(delta.from, version + 1, 'each Delta begins where the last one ended');
    version = delta.version;
  }
  assert.equal(version, upTo);
}

const codeOf = (code: string) => (error: unknown) => error instanceof AnswerError && error.code === code;

test('[G2] [G5] [DELTA-1] every member sees the same messages at the same places, without a hole', async () => {
  const room = await roomOf(ana, bruno, carla);
  const sockets = await Promise.all([live(ana), live(bruno), live(carla)]);
  const count = 60;
  await Promise.all(
    sockets.flatMap((socket, who) =>
      Array.from({ length: count / 3 }, (_, index) => send(socket, room, `${who}/${index}`)),
    ),
  );
  for (const socket of sockets) await socket.until(() => socket.texts(room.id).length === count);
  const stored = await history(ana, room);
  assert.deepEqual(
    stored.map(message => message.seq),
    Array.from({ length: count }, (_, index) => index + 1),
  );
  for (const socket of sockets) {
    const changes = socket.changes(room.id);
    assertJoined(changes, room.version, room.version + count);
    assert.deepEqual(
      changes.flatMap(change => change.messages ?? []),
      stored,
    );
    await socket.close();
  }
});

test('[G3] [SOCK-8] [SEND-9] the sends of one connection keep their order, also when none waits for the last', async () => {
  const room = await roomOf(ana);
  const socket = await live(ana);
  const sent = await Promise.all(Array.from({ length: 64 }, (_, index) => send(socket, room, `${index}`)));
  assert.deepEqual(
    sent.map(message => message.seq),
    sent.map((_, index) => index + 1),
  );
  await socket.close();
});

test('[G3] what was acknowledged before another message was sent comes first, whoever sent it by whichever door', async () => {
  const room = await roomOf(ana, bruno);
  const socket = await live(ana);
  const { token } = bruno;
  for (let round = 0; round < 10; round += 1) {
    const first = await send(socket, room, 'first');
    const body = { id: uuidv7(), text: 'second' };
    const path = `/rooms/${room.id}/messages`;
    const second = await request<{ message: Message }>(server.url, 'POST', path, { token, body });
    assert.equal(second.status, 201);
    assert.ok(first.seq < second.body.message.seq);
  }
  await socket.close();
});

test('[G4] [SEND-1] the same id on two sockets and over HTTP at the same instant is one message, delivered once', async () => {
  const room = await roomOf(ana, bruno);
  const [one, other, reader] = await Promise.all([live(ana), live(ana), live(bruno)]);
  const id = uuidv7();
  const path = `/rooms/${room.id}/messages`;
  const [a, b, c] = await Promise.all([
    send(one, room, 'once', id),
    send(other, room, 'once', id),
    request<{ message: Message }>(server.url, 'POST', path, { token: ana.token, body: { id, text: 'once' } }),
  ]);
  assert.deepEqual(a, b);
  assert.deepEqual(a, c.body.message);
  const last = await send(one, room, 'last');
  await reader.until(() => reader.texts(room.id).includes('last'));
  assert.deepEqual(reader.texts(room.id), ['once', 'last']);
  assert.equal(last.seq, 2);
  await Promise.all([one.close(), other.close(), reader.close()]);
});

test('[G4] [G7] [SEND-2] the same id with another text is a conflict, and changes nothing', async () => {
  const room = await roomOf(ana);
  const socket = await live(ana);
  const first = await send(socket, room, 'as it was');
  await assert.rejects(send(socket, room, 'something else', first.id), codeOf('id_conflict'));
  assert.deepEqual(await history(ana, room), [first]);
  const { room: now } = await socket.call('room.get', { room: room.id });
  assert.equal(now.version, first.version);
  await socket.close();
});

test('[G4] [SEND-4] who has left is still answered with the first result', async () => {
  const room = await roomOf(ana, bruno);
  const socket = await live(bruno);
  const first = await send(socket, room, 'before I go');
  await socket.call('room.leave', { room: room.id });
  assert.deepEqual(await send(socket, room, 'before I go', first.id), first);
  await socket.close();
});

test('[G6] [SYNC-4] [SYNC-8] who comes back with a version gets exactly what changed since, then what follows', async () => {
  const room = await roomOf(ana, bruno);
  const [talker, gone] = await Promise.all([live(ana), live(bruno)]);
  await send(talker, room, 'seen');
  await gone.until(() => gone.texts(room.id).length === 1);
  const version = gone.changes(room.id).at(-1)?.version ?? 0;
  const log = gone.hello?.log ?? '';
  await gone.close();
  for (const text of ['missed 1', 'missed 2', 'missed 3']) await send(talker, room, text);
  const { token } = ana;
  await request(server.url, 'POST', `/rooms/${room.id}/members`, { token, body: { user: carla.user.id } });

  const back = await TestSocket.open(server.url, bruno.token);
  const answer = await back.call('sync', { log, rooms: { [room.id]: version } });
  const part = answer.rooms.find(synced => synced.room.id === room.id);
  assert.ok(part && !part.reset && part.delta);
  assert.equal(part.delta.from, version + 1);
  assert.equal(part.delta.version, version + 4);
  assert.deepEqual(
    part.delta.messages?.map(message => message.text),
    ['missed 1', 'missed 2', 'missed 3'],
  );
  assert.deepEqual(
    part.delta.members?.map(member => member.user.username),
    ['carla'],
  );
  await send(talker, room, 'live again');
  await back.until(() => back.texts(room.id).length === 1);
  assertJoined(back.changes(room.id), version + 4, version + 5);
  await Promise.all([talker.close(), back.close()]);
});

test('[G6] [SYNC-3] who is up to date is told so, without rows', async () => {
  const room = await roomOf(ana);
  const socket = await TestSocket.open(server.url, ana.token);
  const { rooms: synced } = await socket.call('sync', {
    log: socket.hello?.log,
    rooms: { [room.id]: room.version },
  });
  const part = synced.find(({ room: { id } }) => id === room.id);
  assert.deepEqual(part, { room, reset: false });
  await socket.close();
});

for (const [what, held] of [
  ['of no version', () => ({})],
  ['of a version above the head', (room: Room) => ({ rooms: { [room.id]: room.version + 1 } })],
  ['of another log', (room: Room) => ({ log: 'another', rooms: { [room.id]: room.version } })],
] as const) {
  test(`[G6] [SYNC-5] a client ${what} is reset to the newest page`, async () => {
    const room = await roomOf(ana);
    const socket = await TestSocket.open(server.url, ana.token);
    for (const text of ['one', 'two', 'three']) await send(socket, room, text);
    const input = { log: socket.hello?.log, history: 2, ...held({ ...room, version: room.version + 3 }) };
    const { rooms: synced } = await socket.call('sync', input);
    const part = synced.find(({ room: { id } }) => id === room.id);
    assert.ok(part?.reset);
    assert.deepEqual(
      part.messages.map(message => message.text),
      ['two', 'three'],
    );
    await socket.close();
  });
}

test('[G6] [SYNC-6] [PAGE-3] who is more than 200 rows behind is reset, and room.changes still pages everything', async () => {
  const room = await roomOf(ana);
  const socket = await live(ana);
  const count = 230;
  const sent = [];
  for (let from = 0; from < count; from += 46) {
    const window = Array.from({ length: 46 }, (_, index) => send(socket, room, `${from + index}`));
    sent.push(...(await Promise.all(window)));
  }
  const back = await TestSocket.open(server.url, ana.token);
  const log = back.hello?.log;
  const far = await back.call('sync', { log, rooms: { [room.id]: room.version } });
  assert.equal(far.rooms.find(part => part.room.id === room.id)?.reset, true);
  const near = await back.call('sync', { log, rooms: { [room.id]: room.version + count - 200 } });
  assert.equal(near.rooms.find(part => part.room.id === room.id)?.reset, false);

  const paged: Delta[] = [];
  for (let more = true; more; ) {
    const after = paged.at(-1)?.version ?? 0;
    const page = await back.call('room.changes', { room: room.id, after, limit: 100 });
    paged.push(page.delta);
    more = page.more;
  }
  assertJoined(paged, 0, room.version + count);
  assert.deepEqual(
    paged.flatMap(delta => delta.messages ?? []),
    sent,
  );
  await Promise.all([socket.close(), back.close()]);
});

test('[G6] [SYNC-9] rooms that one has left meanwhile are named, and stay silent', async () => {
  const room = await roomOf(ana, bruno);
  const { token } = bruno;
  await request(server.url, 'POST', `/rooms/${room.id}/leave`, { token });
  const back = await TestSocket.open(server.url, token);
  const answer = await back.call('sync', { log: back.hello?.log, rooms: { [room.id]: room.version } });
  assert.deepEqual(answer.left, [room.id]);
  const talker = await live(ana);
  await send(talker, room, 'among ourselves');
  const general = answer.rooms.find(part => part.room.name === 'general')?.room;
  assert.ok(general);
  await send(talker, general, 'to everyone');
  await back.until(() => back.texts(general.id).includes('to everyone'));
  assert.deepEqual(back.changes(room.id), []);
  await Promise.all([talker.close(), back.close()]);
});

test('[G7] a message to a room one is not in is refused, and nobody ever sees it', async () => {
  const room = await roomOf(ana);
  const [owner, stranger] = await Promise.all([live(ana), live(bruno)]);
  await assert.rejects(send(stranger, room, 'let me in'), codeOf('not_found'));
  await send(owner, room, 'all quiet');
  await owner.until(() => owner.texts(room.id).length > 0);
  assert.deepEqual(owner.texts(room.id), ['all quiet']);
  assert.deepEqual(
    (await history(ana, room)).map(message => message.text),
    ['all quiet'],
  );
  await Promise.all([owner.close(), stranger.close()]);
});

test('[G9] [ROOM-11] coming and going are changes like any other: those who stay see them, who is out sees nothing', async () => {
  const room = await roomOf(ana, bruno);
  const [owner, guest] = await Promise.all([live(ana), live(bruno)]);
  await guest.call('room.leave', { room: room.id });
  await send(owner, room, 'while bruno is out');
  await owner.call('room.invite', { room: room.id, user: bruno.user.id });
  await guest.until(() => guest.events.some(event => event.event === 'joined'));
  await send(owner, room, 'bruno is back');
  await guest.until(() => guest.texts(room.id).includes('bruno is back'));

  assertJoined(owner.changes(room.id), room.version, room.version + 4);
  const seen = guest.events.flatMap(event => {
    if (event.event === 'change' && event.room === room.id) return [`${event.from}–${event.version}`];
    if (event.event === 'joined' && event.room.id === room.id) return [`joined at ${event.room.version}`];
    return event.event === 'left' ? ['left'] : [];
  });
  const { version } = room;
  assert.deepEqual(seen, [
    `${version + 1}–${version + 1}`,
    'left',
    `joined at ${version + 3}`,
    `${version + 4}–${version + 4}`,
  ]);
  await Promise.all([owner.close(), guest.close()]);
});

test('[G9] [ROOM-6] joining twice changes nothing and takes no version', async () => {
  const socket = await live(ana);
  const { room } = await socket.call('room.create', { name: 'an open room' });
  const again = await socket.call('room.join', { room: room.id });
  assert.equal(again.room.version, room.version);
  await socket.close();
});

test('[G10] [SOCK-21] who stops reading is cut off at 1 MiB, harms nobody, and resumes without a gap', async () => {
  const room = await roomOf(ana, bruno, carla);
  const [talker, reader, sleeper] = await Promise.all([live(ana), live(bruno), live(carla)]);
  await send(talker, room, 'the last thing the sleeper reads');
  await sleeper.until(() => sleeper.texts(room.id).length === 1);
  const { version } = sleeper.changes(room.id).at(-1) ?? { version: 0 };
  const log = sleeper.hello?.log;
  sleeper.socket.pause();

  const text = 'x'.repeat(16 * 1024);
  // How much the system keeps for a socket that nobody reads is not the same everywhere.
  const isCut = async () => (await readMetrics(server.metricsUrl ?? '')).get('papo_slow_readers_total') === 1;
  let count = 0;
  while (count < maxLongMessages && !(await isCut())) {
    await Promise.all(Array.from({ length: 20 }, () => send(talker, room, text)));
    count += 20;
  }
  assert.ok(await isCut());
  await reader.until(() => reader.texts(room.id).length === count + 1);
  assertJoined(reader.changes(room.id), room.version, room.version + count + 1);
  sleeper.socket.resume();
  const { code } = await sleeper.closed;
  assert.ok(code === 4002 || code === 1006, `closed with ${code}`);

  const back = await TestSocket.open(server.url, carla.token);
  const resumed = await back.call('sync', { log, rooms: { [room.id]: version } });
  assert.equal(resumed.rooms.find(part => part.room.id === room.id)?.reset, true);
  let after = version;
  const texts: string[] = [];
  for (let more = true; more; ) {
    const page = await back.call('room.changes', { room: room.id, after });
    assert.equal(page.delta.from, after + 1);
    texts.push(...(page.delta.messages ?? []).map(message => message.text));
    ({ more } = page);
    after = page.delta.version;
  }
  assert.equal(texts.length, count);
  await Promise.all([talker, reader, back].map(socket => socket.close()));
});

test('[G4] a lane whose connection is cut in the middle stores and acknowledges everything once', async () => {
  const room = await roomOf(ana, bruno);
  const [talker, reader] = await Promise.all([live(ana), live(bruno)]);
  const admin = new pg.Client(server.databaseUrl);
  await admin.connect();
  const count = 400;
  const sends: Promise<Message>[] = [];
  let cut = 0;
  for (let index = 0; index < count; index += 1) {
    sends.push(send(talker, room, `${index}`));
    if (index % 40 === 0) {
      const { rowCount } = await admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'papo lane' and datname = current_database()",
      );
      cut += rowCount ?? 0;
    }
  }
  await admin.end();
  const acknowledged = await Promise.all(sends);
  assert.ok(cut > 0, 'connections were cut');
  await reader.until(() => reader.texts(room.id).length === count);
  assertJoined(reader.changes(room.id), room.version, room.version + count);
  assert.deepEqual(
    acknowledged.map(message => message.seq),
    acknowledged.map((_, index) => index + 1),
  );
  assert.deepEqual(
    reader.texts(room.id),
    acknowledged.map(message => message.text),
  );
  await Promise.all([talker.close(), reader.close()]);
});
