/** A database of the first schema is brought up to date at the start, and everything in it is as it was. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import { openSingle } from '../src/server/store/database.ts';
import { appliedMigrations, migrationNames } from '../src/server/store/migrations/migrations.ts';
import { emptyDatabase, silent } from './support/backups.ts';
import { fillFirstSchema, firstMessage, people, rooms } from './support/first-schema.ts';
import { type AnswerError, password, request, TestSocket } from './support/people.ts';
import { spawnServer, startServer } from './support/server.ts';

const limit = { timeout: 60_000 };

async function oldDatabase(t: TestContext) {
  const database = await emptyDatabase(t);
  await fillFirstSchema(database.connection);
  return database;
}

async function upgraded(t: TestContext) {
  const database = await oldDatabase(t);
  const server = await startServer({}, database.url);
  t.after(() => server.close());
  return server;
}

async function signIn(url: string, username: string): Promise<TestSocket> {
  const { body } = await request<{ token: string }>(url, 'POST', '/login', { body: { username, password } });
  return TestSocket.open(url, body.token);
}

test(
  '[G6] after an upgrade everyone syncs to the versions that there were, from any version',
  limit,
  async t => {
    const { url } = await upgraded(t);
    const ana = await signIn(url, 'ana');
    const anew = await ana.call('sync', {});
    const seen = anew.rooms.map(({ room: { id, version, lastSeq, memberCount, role, readSeq } }) => [
      id,
      { version, lastSeq, memberCount, role, readSeq },
    ]);
    assert.deepEqual(Object.fromEntries(seen), {
      [rooms.general]: { version: 5, lastSeq: 2, memberCount: 3, role: 'member', readSeq: 1 },
      [rooms.plans]: { version: 6, lastSeq: 2, memberCount: 2, role: 'owner', readSeq: 2 },
      [rooms.direct]: { version: 3, lastSeq: 1, memberCount: 2, role: 'member', readSeq: 0 },
    });
    assert.ok(anew.rooms.every(({ reset }) => reset));
    const { users } = await ana.call('user.find', { query: 'ána m' });
    assert.deepEqual(
      users.map(({ displayName }) => displayName),
      ['Ana Maria'],
    );

    const again = await signIn(url, 'ana');
    const { rooms: resumed } = await again.call('sync', {
      log: ana.hello?.log ?? '',
      rooms: { [rooms.general]: 4, [rooms.plans]: 2, [rooms.direct]: 3 },
    });
    const deltas = resumed.map(entry => {
      assert.ok(!entry.reset);
      return [entry.room.id, entry.delta && [entry.delta.from, entry.delta.version]];
    });
    assert.deepEqual(Object.fromEntries(deltas), {
      [rooms.general]: [5, 5],
      [rooms.plans]: [3, 6],
      [rooms.direct]: undefined,
    });
    const plans = resumed.find(({ room }) => room.id === rooms.plans);
    assert.ok(plans && !plans.reset);
    assert.deepEqual(
      plans.delta?.messages?.map(({ seq, version, text }) => [seq, version, text]),
      [
        [1, 4, 'a plan'],
        [2, 6, 'another plan'],
      ],
    );
    assert.deepEqual(
      plans.delta?.members?.map(({ user, in: isIn, version }) => [user.username, isIn, version]),
      [['carla', false, 5]],
    );
  },
);

test(
  '[G4] after an upgrade history is as it was, and what was sent before adds nothing when it is sent again',
  limit,
  async t => {
    const { url } = await upgraded(t);
    const ana = await signIn(url, 'ana');
    await ana.call('sync', {});
    const { messages, more } = await ana.call('message.history', { room: rooms.general });
    assert.deepEqual(
      messages.map(({ seq, version, sender, text }) => [seq, version, sender.displayName, text]),
      [
        [1, 4, 'Ana Maria', firstMessage.text],
        [2, 5, 'bruno', 'oi'],
      ],
    );
    assert.equal(more, false);
    const repeated = await ana.call('message.send', { room: rooms.general, ...firstMessage });
    assert.deepEqual(repeated.message, messages[0]);
    const conflict = ana.call('message.send', {
      room: rooms.general,
      id: firstMessage.id,
      text: 'something else',
    });
    await assert.rejects(conflict, (error: AnswerError) => error.code === 'id_conflict');
    const fresh = await ana.call('message.send', { room: rooms.general, id: uuidv7(), text: 'and on' });
    assert.deepEqual([fresh.message.seq, fresh.message.version], [3, 6]);
    await ana.until(() => ana.texts(rooms.general).includes('and on'));
  },
);

test(
  '[G9] after an upgrade those who were out are out, and find the rooms that were theirs',
  limit,
  async t => {
    const { url } = await upgraded(t);
    const [ana, carla] = [await signIn(url, 'ana'), await signIn(url, 'carla')];
    const synced = await carla.call('sync', { log: carla.hello?.log ?? '', rooms: { [rooms.plans]: 4 } });
    assert.deepEqual(
      synced.rooms.map(({ room }) => room.id),
      [rooms.general],
    );
    assert.deepEqual(synced.left, [rooms.plans]);
    await assert.rejects(carla.call('room.get', { room: rooms.plans }), /not_found/);
    await ana.call('sync', {});
    await ana.call('room.invite', { room: rooms.plans, user: people.carla });
    await carla.until(() => carla.events.some(event => event.event === 'joined' && event.room.version === 7));
    // What the schema of that time had no columns for: a change of a name, and a removal.
    const { room } = await ana.call('room.update', { room: rooms.plans, name: 'Old plans' });
    assert.equal(room.version, 8);
    await ana.call('room.remove', { room: rooms.plans, user: people.carla });
    await carla.until(() => carla.events.some(event => event.event === 'left' && event.room === rooms.plans));

    const opened = await ana.call('direct.open', { username: 'bruno' });
    assert.equal(opened.room.id, rooms.direct);
    assert.equal((await carla.call('room.join', { room: rooms.empty })).room.version, 3);
  },
);

test(
  'of two servers that start on a database to be upgraded one upgrades it, the other is told of it',
  limit,
  async t => {
    const database = await oldDatabase(t);
    const starts = await Promise.allSettled([1, 2].map(() => spawnServer({ DATABASE_URL: database.url })));
    const started = starts.filter(start => start.status === 'fulfilled').map(({ value }) => value);
    t.after(() => Promise.all(started.map(server => server.end('SIGKILL'))));
    const refused = starts.filter(start => start.status === 'rejected').map(({ reason }) => String(reason));
    assert.equal(started.length, 1, refused.join('\n'));
    assert.match(refused[0] ?? '', /ended with 1: .*another papo server is using this database/s);
    const db = openSingle(database.connection, silent);
    assert.deepEqual(await appliedMigrations(db), migrationNames);
    await db.destroy();
    const ana = await signIn(started[0]?.url ?? '', 'ana');
    assert.equal((await ana.call('sync', {})).rooms.length, 3);
  },
);
