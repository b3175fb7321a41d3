/** The SQL function at the heart of the log, under concurrency: several connections at once, as several nodes would be. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createLog } from '../src/server/log.ts';
import { Metrics } from '../src/server/metrics.ts';
import { type Append, type AppendOutcome, appendMessages } from '../src/server/store/append-messages.ts';
import { connectionSettings, type Database, openPool } from '../src/server/store/database.ts';
import { migrate } from '../src/server/store/migrations/migrations.ts';
import { spaceLimits } from '../src/server/store/room-space.ts';
import { Rooms } from '../src/server/store/rooms.ts';
import { Users } from '../src/server/store/users.ts';
import { createDatabase, type TestDatabase } from './support/postgres.ts';

const connectionCount = 6;

let database: TestDatabase;
let db: Database;
let clients: pg.Client[];

before(async () => {
  database = await createDatabase();
  db = openPool(database.connection, createLog('silent'), new Metrics());
  await migrate(db);
  clients = Array.from(
    { length: connectionCount },
    () => new pg.Client(connectionSettings(database.connection)),
  );
  await Promise.all(clients.map(client => client.connect()));
});

after(async () => {
  await Promise.all(clients.map(client => client.end()));
  await db.destroy();
  await database.drop();
});

const newUser = () => new Users(db).create(`u${uuidv7().slice(-12)}`, 'Somebody', 'no hash');

async function newRoom(members: readonly string[]): Promise<string> {
  const owner = await newUser();
  const room = uuidv7();
  await new Rooms(db).create(owner, { id: room, kind: 'private', name: 'a room', topic: undefined });
  for (const member of members)
    await clientAt(0).query(`select admit_member($1, $2, $3, ${spaceLimits})`, [room, member, owner.id]);
  return room;
}

function clientAt(index: number): pg.Client {
  const client = clients[index % clients.length];
  assert.ok(client);
  return client;
}

async function stored(room: string) {
  const { rows } = await clientAt(0).query<{ seq: number; version: number; id: string; text: string }>(
    'select seq, version, id, text from messages where room_id = $1 order by seq',
    [room],
  );
  return rows;
}

/** The versions that rows of the room carry, of messages and members, and its head. */
async function versionsOf(room: string): Promise<{ versions: number[]; head: number; lastSeq: number }> {
  const { rows } = await clientAt(0).query<{ version: number }>(
    `select version from messages where room_id = $1 union all
     select version from members where room_id = $1 order by version`,
    [room],
  );
  const heads = await clientAt(0).query('select version, last_seq from room_heads where room_id = $1', [
    room,
  ]);
  return {
    versions: rows.map(row => row.version),
    head: heads.rows[0].version,
    lastSeq: heads.rows[0].last_seq,
  };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

function message(room: string, user: { id: string }, text: string, id = uuidv7()): Append {
  return { room, sender: { id: user.id, username: 'u', displayName: 'U' }, id, text };
}

test('[G2] batches over the same rooms in opposite orders neither deadlock nor leave a hole', async () => {
  const user = await newUser();
  const rooms: string[] = [];
  for (const _ of upTo(5)) rooms.push(await newRoom([user.id]));
  const rounds = 20;
  const work = clients.map(async (client, index) => {
    const order = index % 2 === 0 ? rooms : rooms.toReversed();
    for (let round = 0; round < rounds; round += 1) {
      const outcomes = await appendMessages(
        client,
        order.map(room => message(room, user, `${index}/${round}`)),
      );
      assert.ok(outcomes.every(({ outcome }) => outcome === 'stored'));
    }
  });
  await Promise.all(work);
  for (const room of rooms) {
    const rows = await stored(room);
    assert.deepEqual(
      rows.map(row => row.seq),
      upTo(connectionCount * rounds),
    );
    const { versions, head } = await versionsOf(room);
    assert.deepEqual(versions, upTo(head));
  }
});

test('[G4] the same messages sent on every connection at once are stored once, and everyone gets the first seq', async () => {
  const user = await newUser();
  const room = await newRoom([user.id]);
  const messages = upTo(50).map(number => message(room, user, `message ${number}`));
  const answers = await Promise.all(
    clients.map((client, index) =>
      appendMessages(client, index % 2 === 0 ? messages : messages.toReversed()),
    ),
  );
  const rows = await stored(room);
  assert.equal(rows.length, messages.length);
  const seqOf = new Map(rows.map(row => [row.id, row.seq]));
  for (const [index, outcomes] of answers.entries()) {
    const sent = index % 2 === 0 ? messages : messages.toReversed();
    for (const [place, outcome] of outcomes.entries()) {
      assert.ok(outcome.outcome === 'stored' || outcome.outcome === 'duplicate');
      assert.equal(outcome.seq, seqOf.get(sent[place]?.id ?? ''));
    }
  }
  const stores = answers.flat().filter(({ outcome }) => outcome === 'stored');
  assert.equal(stores.length, messages.length);
});

test('[G4] an id used again in one batch: the same text is the same message, another text a conflict', async () => {
  const user = await newUser();
  const room = await newRoom([user.id]);
  const id = uuidv7();
  const outcomes = await appendMessages(clientAt(0), [
    message(room, user, 'one', id),
    message(room, user, 'one', id),
    message(room, user, 'two', id),
    message(room, user, 'three'),
  ]);
  assert.deepEqual(
    outcomes.map(outcome => [outcome.outcome, 'seq' in outcome && outcome.seq]),
    [
      ['stored', 1],
      ['duplicate', 1],
      ['conflict', false],
      ['stored', 2],
    ],
  );
  const again = await appendMessages(clientAt(1), [
    message(room, user, 'two', id),
    message(room, user, 'one', id),
  ]);
  assert.deepEqual(
    again.map(({ outcome }) => outcome),
    ['conflict', 'duplicate'],
  );
  assert.equal((await stored(room)).length, 2);
});

test('[G4] an id belongs to its sender and its room: others may use the same', async () => {
  const [one, other] = [await newUser(), await newUser()];
  const [room, elsewhere] = [await newRoom([one.id, other.id]), await newRoom([one.id])];
  const id = uuidv7();
  const outcomes = await appendMessages(clientAt(0), [
    message(room, one, 'mine', id),
    message(room, other, 'mine too', id),
    message(elsewhere, one, 'mine elsewhere', id),
  ]);
  assert.ok(outcomes.every(({ outcome }) => outcome === 'stored'));
});

test('[G9] nobody who has left gets a message in, and what they sent before is still answered', async () => {
  const user = await newUser();
  const room = await newRoom([user.id]);
  const early = message(room, user, 'in time');
  await appendMessages(clientAt(0), [early]);
  await clientAt(0).query('select release_member($1, $2, null)', [room, user.id]);
  const outcomes = await appendMessages(clientAt(1), [message(room, user, 'too late'), early]);
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome),
    ['refused', 'duplicate'],
  );
  assert.equal((await stored(room)).length, 1);
});

test('[G9] while members come and go, every accepted message lies inside its sender’s membership', async () => {
  const users = await Promise.all(upTo(3).map(newUser));
  const room = await newRoom(users.map(user => user.id));
  const accepted: AppendOutcome[] = [];
  const senders = clients.slice(0, 4).map(async (client, index) => {
    for (const round of upTo(40)) {
      const user = users[(index + round) % users.length];
      assert.ok(user);
      accepted.push(...(await appendMessages(client, [message(room, user, `${index}/${round}`)])));
    }
  });
  const goings = clients.slice(4).map(async (client, index) => {
    for (const round of upTo(40)) {
      const user = users[(index + round) % users.length];
      const call =
        round % 2 === 0 ? 'release_member($1, $2, null)' : `admit_member($1, $2, null, ${spaceLimits})`;
      await client.query(`select ${call}`, [room, user?.id]);
    }
  });
  await Promise.all([...senders, ...goings]);
  const rows = await stored(room);
  assert.deepEqual(
    rows.map(row => row.seq),
    upTo(rows.length),
  );
  assert.equal(accepted.filter(({ outcome }) => outcome === 'stored').length, rows.length);
  const { versions, head, lastSeq } = await versionsOf(room);
  assert.equal(new Set(versions).size, versions.length, 'no version twice');
  assert.equal(versions.at(-1), head);
  assert.equal(lastSeq, rows.length);
});

test('a room that does not exist refuses, and does not hold up the others of its batch', async () => {
  const user = await newUser();
  const room = await newRoom([user.id]);
  const outcomes = await appendMessages(clientAt(0), [
    message(uuidv7(), user, 'nowhere'),
    message(room, user, 'somewhere'),
  ]);
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome),
    ['refused', 'stored'],
  );
});

test('[G9] when the owner leaves, the longest-standing member owns the room, with a version of its own', async () => {
  const [first, second] = [await newUser(), await newUser()];
  const room = await newRoom([first.id, second.id]);
  const { rows: owners } = await clientAt(0).query(
    "select user_id from members where room_id = $1 and role = 'owner'",
    [room],
  );
  await clientAt(0).query('select release_member($1, $2, null)', [room, owners[0].user_id]);
  const { rows } = await clientAt(0).query(
    'select user_id, role, state, version from members where room_id = $1 order by version',
    [room],
  );
  assert.deepEqual(
    rows.map(row => [row.user_id, row.role, row.state, row.version]),
    [
      [second.id, 'member', 'in', 3],
      [owners[0].user_id, 'member', 'out', 4],
      [first.id, 'owner', 'in', 5],
    ],
  );
});
