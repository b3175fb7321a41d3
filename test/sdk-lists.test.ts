/** Lists in pages, and how far one has read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperationName } from '../src/contract/operations.ts';
import { anew, change, current, FakeChat, member, message, room } from './support/fake-chat.ts';
import { settle } from './support/fake-clock.ts';
import { bruno, type FakeSocket } from './support/fake-socket.ts';

const general = room('general', { lastSeq: 9, version: 9, readSeq: 4 });

async function inGeneral() {
  const chat = new FakeChat();
  chat.client.on('read', ({ room }) => chat.told.push(`read ${room.id} ${room.unread}`));
  return { chat, socket: await chat.connect(anew(general)) };
}

/** Answers the requests of a list in turn; tells what was asked. */
async function serve<N extends OperationName>(
  socket: FakeSocket,
  op: N,
  answers: Parameters<typeof socket.answer<N>>[1][],
) {
  const asked: unknown[] = [];
  for (const answer of answers) {
    await settle();
    asked.push(...socket.inputs(op));
    await socket.answer(op, answer);
  }
  return asked;
}

async function taken<T>(pages: AsyncIterable<T[]>): Promise<T[][]> {
  const all: T[][] = [];
  for await (const page of pages) all.push(page);
  return all;
}

test('the history comes in pages, from the newest message backwards, and fills the replica', async () => {
  const { chat, socket } = await inGeneral();
  const pages = taken(chat.client.history('general', { limit: 2 }));
  const asked = await serve(socket, 'message.history', [
    { messages: [message(8), message(9)], more: true },
    { messages: [message(6), message(7)], more: false },
  ]);
  assert.deepEqual(asked, [
    { room: 'general', limit: 2 },
    { room: 'general', limit: 2, before: 8 },
  ]);
  assert.deepEqual(
    (await pages).flat().map(({ seq }) => seq),
    [8, 9, 6, 7],
  );
  assert.equal(chat.client.rooms.get('general')?.completeFrom, 6);
});

test('with after, the history goes forwards; with before, it begins there', async () => {
  const { chat, socket } = await inGeneral();
  const forwards = taken(chat.client.history('general', { after: 2 }));
  const asked = await serve(socket, 'message.history', [
    { messages: [message(3), message(4)], more: true },
    { messages: [], more: false },
  ]);
  assert.deepEqual(asked, [
    { room: 'general', after: 2 },
    { room: 'general', after: 4 },
  ]);
  assert.equal((await forwards).length, 1);
  const backwards = chat.client.history('general', { before: 3 }).next();
  assert.deepEqual(await serve(socket, 'message.history', [{ messages: [message(2)], more: true }]), [
    { room: 'general', before: 3 },
  ]);
  assert.equal((await backwards).value?.[0]?.seq, 2);
});

test('a page is asked for only when it is wanted', async () => {
  const { chat, socket } = await inGeneral();
  const first = chat.client.history('general')[Symbol.asyncIterator]();
  assert.deepEqual(socket.unanswered, []);
  const page = first.next();
  await settle();
  await socket.answer('message.history', { messages: [message(9)], more: true });
  await page;
  await settle();
  assert.deepEqual(socket.unanswered, []);
});

test('members and public rooms come page by page, for as long as there is a cursor', async () => {
  const { chat, socket } = await inGeneral();
  const members = taken(chat.client.members('general', { limit: 1 }));
  const asked = await serve(socket, 'room.members', [
    { members: [member(bruno, 1)], cursor: 'c1' },
    { members: [], cursor: 'c2' },
    { members: [member(bruno, 2)] },
  ]);
  assert.deepEqual(asked, [
    { room: 'general', limit: 1 },
    { room: 'general', limit: 1, cursor: 'c1' },
    { room: 'general', limit: 1, cursor: 'c2' },
  ]);
  assert.equal((await members).length, 2);
  const rooms = taken(chat.client.browse({ query: 'gen' }));
  assert.deepEqual(await serve(socket, 'room.browse', [{ rooms: [general] }]), [{ query: 'gen' }]);
  assert.deepEqual(await rooms, [[general]]);
});

test('a list ends with the signal, or with what the server says', async () => {
  const { chat, socket } = await inGeneral();
  const abort = new AbortController();
  const aborted = assert.rejects(taken(chat.client.members('general', { signal: abort.signal })), {
    message: 'enough',
  });
  await settle();
  abort.abort(new Error('enough'));
  await aborted;
  const refused = assert.rejects(taken(chat.client.history('secret')), { code: 'not_found' });
  await settle();
  await socket.refuse('message.history', { code: 'not_found', retryable: false });
  await refused;
});

test('unread is what lies above the read mark; each change of it is told', async () => {
  const { chat, socket } = await inGeneral();
  assert.equal(chat.client.rooms.get('general')?.unread, 5);
  assert.deepEqual(chat.toldOf('read'), []);
  await socket.receive(change('general', message(10)), { event: 'read', room: 'general', seq: 8 });
  await socket.receive({ event: 'read', room: 'general', seq: 8 });
  await chat.reconnect(current({ ...general, lastSeq: 10, version: 10, readSeq: 10 }));
  assert.deepEqual(chat.toldOf('read'), ['read general 6', 'read general 2', 'read general 0']);
});

test('a room that does not say how far it was read has nothing unread', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(room('general', { lastSeq: 9 })));
  assert.equal(chat.client.rooms.get('general')?.unread, 0);
});

test('marking as read is one request at a time: what comes meanwhile is told with the next', async () => {
  const { chat, socket } = await inGeneral();
  const marks = [5, 7, 6].map(seq => chat.client.markRead('general', seq));
  await settle();
  marks.push(chat.client.markRead('general', 8));
  marks.push(chat.client.markRead('general'));
  const asked = await serve(socket, 'room.read', [{ readSeq: 7 }, { readSeq: 9 }]);
  await Promise.all(marks);
  assert.deepEqual(asked, [
    { room: 'general', seq: 7 },
    { room: 'general', seq: 9 },
  ]);
  assert.deepEqual(chat.toldOf('read'), ['read general 2', 'read general 0']);
});

test('the read mark never goes back: what was read before is not told again', async () => {
  const { chat, socket } = await inGeneral();
  await chat.client.markRead('general', 4);
  await chat.client.markRead('unknown');
  assert.deepEqual(socket.unanswered, []);
});

test('a mark that is refused can be ignored, and the next one is told', async () => {
  const { chat, socket } = await inGeneral();
  const refused = chat.client.markRead('general');
  await settle();
  await socket.refuse('room.read', { code: 'not_found', retryable: false });
  await assert.rejects(refused, { code: 'not_found' });
  void chat.client.markRead('general');
  await settle();
  assert.deepEqual(socket.inputs('room.read'), [{ room: 'general', seq: 9 }]);
});
