/**
 * Beside row 19 of abuse.md: a connection that breaks may be the client's or the database's. Only the first is a bad
 * request; of the other the client must be told to send the same again.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Grant, Room } from '../src/contract/objects.ts';
import { present, requireProblem } from './support/abuse.ts';
import { RawSocket } from './support/abuse-wire.ts';
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
