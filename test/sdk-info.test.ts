/** What a replica says of its room: as `room.get` would, at that version. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delta, Room } from '../src/contract/objects.ts';
import { anew, change, FakeChat, member, message, room } from './support/fake-chat.ts';
import { settle } from './support/fake-clock.ts';
import { ana, bruno } from './support/fake-socket.ts';

const general = room('general', { topic: 'tea', version: 4, role: 'member', readSeq: 0 });
const delta = (from: number, version: number, more: Partial<Delta>) => ({
  event: 'change',
  room: 'general',
  from,
  version,
  ...more,
});
const infoOf = (chat: FakeChat) => chat.client.rooms.get('general')?.info;

async function inGeneral(described: Room = general) {
  const chat = new FakeChat();
  return { chat, socket: await chat.connect(anew(described)) };
}

test('a room is renamed and loses its topic; what is the own user’s stays', async () => {
  const { chat, socket } = await inGeneral({ ...general, readSeq: 2, lastSeq: 3 });
  const { topic: _, ...info } = room('general', { name: 'kitchen', version: 5, lastSeq: 3 });
  await socket.receive(delta(5, 5, { info }));
  const { topic: __, ...rest } = general;
  assert.deepEqual(infoOf(chat), { ...rest, name: 'kitchen', version: 5, lastSeq: 3, readSeq: 2 });
  await socket.receive(delta(6, 6, { info: { ...info, topic: 'coffee', version: 6 } }));
  assert.equal(infoOf(chat)?.topic, 'coffee');
  assert.deepEqual(chat.toldOf('change'), ['change general 5–5', 'change general 6–6']);
});

test('what was said of the room before it was read last changes nothing of it', async () => {
  const { chat, socket } = await inGeneral();
  const now = { ...general, name: 'now', version: 9, lastSeq: 2, memberCount: 5, role: 'owner' as const };
  await socket.receive({ event: 'joined', room: now });
  const before = { ...room('general', { name: 'before', version: 6 }) };
  await socket.receive(delta(5, 6, { info: before, memberCount: 3, members: [member(ana, 5)] }));
  assert.deepEqual(infoOf(chat), now);
  assert.equal(chat.client.rooms.get('general')?.version, 6);
});

test('a page of changes may tell the newest name early: the version stays where the page ends', async () => {
  const { chat, socket } = await inGeneral();
  const { topic: _, ...newest } = room('general', { name: 'newest', version: 30, lastSeq: 20 });
  await socket.receive(delta(5, 10, { info: newest, messages: [message(1, { version: 10 })] }));
  assert.equal(infoOf(chat)?.name, 'newest');
  assert.equal(infoOf(chat)?.version, 10);
  assert.equal(infoOf(chat)?.lastSeq, 1);
});

test('who becomes the owner reads it in their own row', async () => {
  const { chat, socket } = await inGeneral();
  const left = member(bruno, 5, { in: false });
  await socket.receive(delta(5, 6, { members: [left, member(ana, 6, { role: 'owner' })], memberCount: 1 }));
  assert.equal(infoOf(chat)?.role, 'owner');
  await socket.receive(delta(7, 7, { members: [member(bruno, 7)], memberCount: 2 }));
  assert.equal(infoOf(chat)?.role, 'owner');
});

test('comings and goings that are only counted move the version, and end what is known of members', async () => {
  const { chat, socket } = await inGeneral();
  await socket.receive(delta(5, 5, { members: [member(bruno, 5)], memberCount: 501 }));
  assert.equal(chat.client.rooms.get('general')?.members.size, 1);
  await socket.receive(delta(6, 48, { memberCount: 530 }), change('general', message(1, { version: 49 })));
  const replica = chat.client.rooms.get('general');
  assert.deepEqual(
    [replica?.version, replica?.info.memberCount, replica?.members.size, replica?.info.lastSeq],
    [49, 530, 0, 1],
  );
  assert.deepEqual(socket.unanswered, []);
});

test('the read mark follows the read event and the answer to room.read, and never goes back', async () => {
  const { chat, socket } = await inGeneral({ ...general, lastSeq: 9 });
  await socket.receive({ event: 'read', room: 'general', seq: 4 }, { event: 'read', room: 'gone', seq: 4 });
  assert.equal(infoOf(chat)?.readSeq, 4);
  for (const readSeq of [7, 6]) {
    const marked = chat.client.call('room.read', { room: 'general', seq: readSeq });
    await settle();
    await socket.answer('room.read', { readSeq });
    await marked;
  }
  assert.equal(infoOf(chat)?.readSeq, 7);
});
