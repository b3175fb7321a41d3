/** Rules of PROTOCOL.md on catching up, and on what a change says. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { limits } from '../src/contract/limits.ts';
import type { Grant, Room } from '../src/contract/objects.ts';
import { register, TestSocket } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
let ana: Grant;
let bruno: Grant;
let talker: TestSocket;
before(async () => {
  server = await startServer();
  [ana, bruno] = await Promise.all([register(server.url, 'ana'), register(server.url, 'bruno')]);
  talker = await TestSocket.live(server.url, ana.token);
});
after(() => server.close());

const say = (room: Room, text: string) =>
  talker.call('message.send', { room: room.id, id: randomUUID(), text });

/** A private room of Ana's, with Bruno in it. */
async function shared(name: string): Promise<Room> {
  const { room } = await talker.call('room.create', { name, kind: 'private' });
  await talker.call('room.invite', { room: room.id, user: bruno.user.id });
  return (await talker.call('room.get', { room: room.id })).room;
}

test('[SYNC-1] a connection hears nothing of rooms until it has asked sync', async () => {
  const room = await shared('silence');
  const socket = await TestSocket.open(server.url, bruno.token);
  await say(room, 'to those who listen');
  await shared('another one');
  const other = await TestSocket.live(server.url, bruno.token);
  await other.call('room.read', { room: room.id, seq: 1 });
  await other.close();
  await socket.call('ping', {});
  assert.deepEqual(
    socket.events.map(({ event }) => event),
    ['hello'],
  );
  await socket.close();
});

test('[SYNC-2] [SYNC-7] sync tells all rooms, most recently active first, and of the first twenty the newest messages', async () => {
  const carla = await register(server.url, 'carla');
  const socket = await TestSocket.open(server.url, carla.token);
  const rooms: Room[] = [];
  for (let index = 0; index < limits.maxSyncPages + 5; index += 1) {
    const { room } = await socket.call('room.create', { name: `carla ${index}`, kind: 'private' });
    for (const text of ['one', 'two', 'three']) {
      await socket.call('message.send', { room: room.id, id: randomUUID(), text });
    }
    rooms.push(room);
  }
  const quiet = rooms.shift();
  assert.ok(quiet);
  await socket.call('message.send', { room: quiet.id, id: randomUUID(), text: 'four' });
  const answer = await socket.call('sync', { history: 2 });
  const expected = [quiet, ...rooms.reverse()].map(({ name }) => name);
  assert.deepEqual(
    answer.rooms.map(({ room }) => room.name),
    [...expected, 'general'],
  );
  const pages = answer.rooms.map(part => (part.reset ? part.messages.map(({ text }) => text) : undefined));
  assert.deepEqual(pages.slice(0, 2), [
    ['three', 'four'],
    ['two', 'three'],
  ]);
  assert.deepEqual(
    pages.map(page => page?.length),
    expected.map((_, rank) => (rank < limits.maxSyncPages ? 2 : 0)).concat(0),
  );
  await socket.close();
});

test('[SYNC-10] two syncs at once are answered one after the other, and the changes follow once', async () => {
  const room = await shared('twice');
  const socket = await TestSocket.open(server.url, bruno.token);
  const syncs = [socket.call('sync', {}), socket.call('sync', {})];
  await say(room, 'meanwhile');
  const [first, second] = await Promise.all(syncs);
  assert.ok(first && second);
  await say(room, 'after');
  await socket.until(() => socket.texts(room.id).includes('after'));
  const told = second.rooms.find(part => part.room.id === room.id)?.room.version ?? 0;
  const later = socket.changes(room.id).filter(change => change.version > told);
  assert.deepEqual(
    later.map(({ from }) => from),
    later.map((_, index) => told + 1 + index),
  );
  assert.equal(later.at(-1)?.version, room.version + 2);
  await socket.close();
});

test('[DELTA-2] who left and came back meanwhile is one row of the Delta that covers all of it', async () => {
  const room = await shared('to and fro');
  for (const _time of [1, 2]) {
    const guest = await TestSocket.live(server.url, bruno.token);
    await guest.call('room.leave', { room: room.id });
    await guest.close();
    await talker.call('room.invite', { room: room.id, user: bruno.user.id });
  }
  const { delta, more } = await talker.call('room.changes', { room: room.id, after: room.version });
  assert.deepEqual([delta.from, delta.version, more], [room.version + 1, room.version + 4, false]);
  assert.deepEqual(
    delta.members?.map(member => [member.user.username, member.in, member.version]),
    [['bruno', true, room.version + 4]],
  );
});
