/**
 * Beside row 19 of abuse.md: a connection that breaks may be the client's or the database's. Only the first is a bad
 * request; of the other the client must be told to send the same again.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Grant, Room } from '../src/contract/objects.ts';
import { present, requireProblem } from './support/abuse.ts';
import { RawSocket } from './support/abuse-wire.ts';
import { atEnd } from './support/at-end.ts';
import { DatabaseLine } from './support/database-line.ts';
import { register, request } from './support/people.ts';
import { createDatabase, type TestDatabase } from './support/postgres.ts';
import { startServer, type TestServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

let database: TestDatabase;
let server: TestServer;
let person: Grant;
let room: string;

let line: DatabaseLine;

before(async () => {
  database = await createDatabase();
  line = await DatabaseLine.to(database);
  server = await startServer({}, line.url);
  person = await register(server.url, 'ana');
  const { body } = await request<{ rooms: Room[] }>(server.url, 'GET', '/rooms', person);
  room = present(body.rooms[0]).id;
});

after(async () => {
  await server.close();
  line.close();
  await database.drop();
});

const send = (id: string) =>
  request<{ code?: string }>(server.url, 'POST', `/rooms/${room}/messages`, {
    token: person.token,
    body: { id, text: 'undecided' },
  });

test('[abuse 19] [ERR-1] a send while the database is away is undecided, not a bad request, and can be sent again', async () => {
  const id = randomUUID();
  line.cut();
  try {
    const { status, body } = await send(id);
    assert.deepEqual([status, body.code], [503, 'unavailable']);
  } finally {
    line.mend();
  }
  await eventually('it is stored', async () => (await send(id)).status === 201);
});

test('[abuse 1] a handshake while the database is away is answered with 503, not refused for good', async () => {
  line.cut();
  try {
    const headers = [['Authorization', `Bearer ${person.token}`]] as const;
    const { response } = await RawSocket.ask(server.url, { headers });
    requireProblem(response, 503, 'unavailable');
  } finally {
    line.mend();
  }
});

test('[ERR-1] what a busy database has stopped is no error of the server: it can be asked again', async t => {
  const [blocker, watcher] = [new pg.Client(database.url), new pg.Client(database.url)];
  atEnd(t, () => Promise.all([blocker.end(), watcher.end()]));
  await Promise.all([blocker.connect(), watcher.connect()]);
  await blocker.query('begin; lock table rooms in access exclusive mode');
  const asked = request<{ code?: string }>(server.url, 'GET', '/rooms', person);
  await eventually('it waits, and is stopped', async () => {
    const { rowCount } = await watcher.query(
      "select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return rowCount === 1;
  });
  const { status, headers, body } = await asked;
  assert.deepEqual([status, body.code, headers.get('retry-after')], [503, 'unavailable', '1']);
  await blocker.query('rollback');
  assert.equal((await request(server.url, 'GET', '/rooms', person)).status, 200);
});
