/** Row 33 of abuse.md: who asks for more than there is, or for what is no number, place or page. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { limits } from '../src/contract/limits.ts';
import type { Delta, Message, Room } from '../src/contract/objects.ts';
import { attackedServer, type Person } from './support/abuse.ts';

const server = attackedServer();

type Body = { room: Room; messages: Message[]; more: boolean; delta: Delta };

async function makeRoom(owner: Person): Promise<Room> {
  const { status, body } = await server.post<Body>('/rooms', { name: 'a room', kind: 'private' }, owner);
  assert.equal(status, 201);
  return body.room;
}

const get = (path: string, person: Person) => server.get<Body>(path, person);

/** What a page may be asked for; each is answered with a page within its bounds, or is a bad request. */
const counts = [
  ...[0, -1, -0, 1.5, 1e9, 1e21, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
  ...['NaN', 'Infinity', '', ' ', '0x10', '1e2', '٣', '1,2', 'null', '9'.repeat(400), '-9'.repeat(50)],
];

test('[abuse 33] a page of a size that can not be is a bad request, over HTTP', async () => {
  const person = await server.register();
  const paths = ['messages', 'changes?after=0', 'members'].map(path => `/rooms/${server.general}/${path}`);
  for (const path of [...paths, '/rooms', '/rooms/public', '/users?query=p']) {
    for (const count of counts) {
      const { status } = await get(`${path}${path.includes('?') ? '&' : '?'}limit=${count}`, person);
      assert.equal(status, 400, `${path} ${count}`);
    }
  }
  for (const history of counts.filter(count => count !== 0)) {
    assert.equal((await server.post(`/rooms/${server.general}/join`, { history }, person)).status, 400);
  }
});

test('[abuse 33] a place above the head, or below the first, is an end of the room', async () => {
  const person = await server.register();
  const room = await makeRoom(person);
  for (const text of ['one', 'two', 'three']) await server.send(room.id, text, person);
  const seqs = async (query: string) => {
    const { status, body } = await get(`/rooms/${room.id}/messages?${query}`, person);
    assert.equal(status, 200, query);
    return [body.messages.map(({ seq }) => seq), body.more];
  };
  for (const far of [4, 1_000_000, Number.MAX_SAFE_INTEGER]) {
    assert.deepEqual(await seqs(`before=${far}`), [[1, 2, 3], false]);
    assert.deepEqual(await seqs(`after=${far}`), [[], false]);
  }
  for (const first of [0, 1]) assert.deepEqual(await seqs(`before=${first}`), [[], false]);
  assert.deepEqual(await seqs('after=0'), [[1, 2, 3], false]);
  assert.deepEqual(await seqs(`before=3&limit=${limits.maxHistoryPage}`), [[1, 2], false]);
  for (const query of [
    'before=-1',
    'after=-1',
    'before=1.5',
    'before=x',
    'before=1&after=1',
    'before=9007199254740993',
  ]) {
    assert.equal((await get(`/rooms/${room.id}/messages?${query}`, person)).status, 400, query);
  }
});

test('[abuse 33] changes after a version that there is not yet are none', async () => {
  const person = await server.register();
  const room = await makeRoom(person);
  for (const after of [1, 2, 1_000_000, Number.MAX_SAFE_INTEGER]) {
    const { status, body } = await get(`/rooms/${room.id}/changes?after=${after}`, person);
    assert.equal(status, 200);
    assert.equal(body.more, false);
    assert.deepEqual(
      [body.delta.version, body.delta.messages, body.delta.members],
      [1, undefined, undefined],
    );
    assert.ok(Number.isSafeInteger(body.delta.from), String(body.delta.from));
  }
});

test('[abuse 33] a cursor that is not ours is a bad request, or begins somewhere; it never fails', async () => {
  const person = await server.register();
  const cursors = [
    ...['x', '0', '-1', '1', '1e3', ' ', '%', '\u{10ffff}', "' or true --", '9'.repeat(30), '__proto__'],
    `2026-01-01T00:00:00.000Z ${randomUUID()}`,
    `0000-01-01T00:00:00.000Z ${randomUUID()}`,
    `9999-12-31T23:59:59.999Z ${randomUUID()}`,
    `0001-01-01T00:00:00.000Z ${randomUUID()}`,
    `2026-02-30T00:00:00.000Z ${randomUUID()}`,
    `2026-01-01T00:00:00.000Z`,
    `infinity ${randomUUID()}`,
    `2026-01-01T00:00:00.000Z ${randomUUID()} x`,
    'x'.repeat(limits.maxCursorLength),
    'x'.repeat(limits.maxCursorLength + 1),
  ];
  for (const path of ['/rooms', '/rooms/public', `/rooms/${server.general}/members`]) {
    for (const cursor of cursors) {
      const { status } = await get(`${path}?cursor=${encodeURIComponent(cursor)}`, person);
      assert.ok(status === 200 || status === 400, `${path} ${cursor}: ${status}`);
    }
  }
});

test('[abuse 33] a read mark goes no further than the room, and never back', async () => {
  const person = await server.register();
  const room = await makeRoom(person);
  for (const text of ['one', 'two']) await server.send(room.id, text, person);
  const path = `/rooms/${room.id}/read`;
  const mark = async (seq: unknown) => {
    const { status, body } = await server.request<{ readSeq?: number }>('PUT', path, {
      ...person,
      body: { seq },
    });
    return [status, body.readSeq];
  };
  assert.deepEqual(await mark(0), [200, 0]);
  assert.deepEqual(await mark(1), [200, 1]);
  assert.deepEqual(await mark(Number.MAX_SAFE_INTEGER), [200, 2]);
  assert.deepEqual(await mark(1), [200, 2]);
  for (const seq of [-1, 1.5, '1', null, [], 1e300, 2 ** 53])
    assert.deepEqual(await mark(seq), [400, undefined]);
});

test('[abuse 33] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
