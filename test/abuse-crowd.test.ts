/** Row 41c of abuse.md: a crowd that comes and goes in a room where hundreds are. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { ChangeEvent } from '../src/contract/events.ts';
import { limits } from '../src/contract/limits.ts';
import type { Room } from '../src/contract/objects.ts';
import { attackedServer, present } from './support/abuse.ts';
import { crowd, roomOf, type Someone } from './support/crowd.ts';
import { TestSocket } from './support/people.ts';

const server = attackedServer();

const join = (room: string, { token }: Someone) =>
  server.request<{ room: Room }>('POST', `/rooms/${room}/join`, { token, body: { history: 0 } });

const leave = (room: string, { token }: Someone) => server.request('POST', `/rooms/${room}/leave`, { token });

async function headOf(room: string, { token }: Someone): Promise<Room> {
  return (await server.get<{ room: Room }>(`/rooms/${room}`, { token })).body.room;
}

/** Each begins where the last one ended. */
function requireNoGap(changes: readonly ChangeEvent[], after: number, upTo: number): void {
  let version = after;
  for (const change of changes) {
    assert.equal(change.from, version + 1);
    version = change.version;
  }
  assert.equal(version, upTo);
}

const reached = (socket: TestSocket, room: string, version: number) =>
  socket.until(() => socket.changes(room).at(-1)?.version === version, `version ${version}`);

test('[abuse 41c] while hundreds come and go, those in the room get a change a second, with the number of members', async () => {
  const members = await crowd(server, limits.maxMembersTold + 50);
  const room = await roomOf(server, members);
  const watchers = await Promise.all(
    members.slice(0, 5).map(({ token }) => TestSocket.live(server.url, token)),
  );
  const outsiders = await crowd(server, 100);
  const start = performance.now();
  for (const { status } of await Promise.all(outsiders.map(one => join(room, one))))
    assert.equal(status, 200);
  for (const { status } of await Promise.all(outsiders.slice(0, 50).map(one => leave(room, one)))) {
    assert.equal(status, 204);
  }
  const head = await headOf(room, present(members[0]));
  assert.deepEqual([head.version, head.memberCount], [members.length + 150, members.length + 50]);
  for (const watcher of watchers) await reached(watcher, room, head.version);
  const seconds = Math.ceil((performance.now() - start) / limits.coverWithinMs);
  for (const watcher of watchers) {
    const changes = watcher.changes(room);
    requireNoGap(changes, members.length, head.version);
    assert.ok(changes.length <= seconds, `${changes.length} changes in ${seconds} s`);
    for (const change of changes) {
      assert.equal(change.members, undefined);
      assert.ok((change.memberCount ?? 0) > limits.maxMembersTold);
    }
    assert.equal(changes.at(-1)?.memberCount, head.memberCount);
    await watcher.close();
  }
});

test('[abuse 41c] a message in such a room is told at once, and covers who came before it', async () => {
  const members = await crowd(server, limits.maxMembersTold + 1);
  const room = await roomOf(server, members);
  const [one, other] = members as [Someone, Someone];
  const [watcher, sender] = [
    await TestSocket.live(server.url, one.token),
    await TestSocket.live(server.url, other.token),
  ];
  const outsiders = await crowd(server, 20);
  await Promise.all(outsiders.map(outsider => join(room, outsider)));
  const { message } = await sender.call('message.send', { room, id: randomUUID(), text: 'so many of us' });
  for (const socket of [watcher, sender]) {
    await reached(socket, room, message.version);
    requireNoGap(socket.changes(room), members.length, message.version);
    const told = socket.changes(room).at(-1);
    assert.deepEqual(told?.messages, [message]);
    for (const { members: named } of socket.changes(room)) assert.equal(named, undefined);
    await socket.close();
  }
});

test('[abuse 41c] who comes into such a room is live from its version on, and who leaves hears so and no more', async () => {
  const members = await crowd(server, limits.maxMembersTold + 20);
  const room = await roomOf(server, members);
  const [leaver] = members as [Someone];
  const [comer = leaver, ...others] = await crowd(server, 40);
  const leaving = await TestSocket.live(server.url, leaver.token);
  const coming = await TestSocket.live(server.url, comer.token);
  const joins = others.map(other => join(room, other));
  await coming.call('room.join', { room, history: 0 });
  await leaving.call('room.leave', { room });
  await Promise.all(joins);
  const { version } = await headOf(room, present(members[1]));
  assert.equal(version, members.length + 41);

  await coming.until(() => coming.events.some(event => event.event === 'joined'));
  const joined = coming.events.find(event => event.event === 'joined')?.room;
  assert.equal(joined?.id, room);
  await coming.until(() => (coming.changes(room).at(-1)?.version ?? joined?.version) === version);
  requireNoGap(coming.changes(room), joined?.version ?? 0, version);

  await leaving.until(() => leaving.events.some(event => event.event === 'left'));
  const [row] = await server.query<{ version: string }>(
    "select version from members where room_id = $1 and user_id = $2 and state = 'out'",
    [room, leaver.id],
  );
  requireNoGap(leaving.changes(room), members.length, Number(row?.version));
  assert.equal(leaving.events.at(-1)?.event, 'left');
  for (const socket of [leaving, coming]) await socket.close();
});

test('[abuse 41c] whoever comes back to such a room misses nothing, by names if they are few', async () => {
  const members = await crowd(server, limits.maxMembersTold + 10);
  const room = await roomOf(server, members);
  const [one] = members as [Someone];
  const outsiders = await crowd(server, 30);
  const before = await TestSocket.live(server.url, one.token);
  const { log = '' } = before.hello ?? {};
  await before.close();
  await Promise.all(outsiders.map(outsider => join(room, outsider)));
  const back = await TestSocket.open(server.url, one.token);
  const { rooms } = await back.call('sync', { log, rooms: { [room]: members.length } });
  const part = rooms.find(({ room: { id } }) => id === room);
  assert.ok(part?.reset === false);
  assert.deepEqual([part.delta?.from, part.delta?.version], [members.length + 1, members.length + 30]);
  assert.deepEqual(
    new Set(part.delta?.members?.map(({ user }) => user.id)),
    new Set(outsiders.map(({ id }) => id)),
  );
  assert.deepEqual(back.changes(room), []);
  await back.close();
});

test('[abuse 41c] stops in good order afterwards, and its log tells no token', async () => {
  await server.requireDiscreetLog();
});
