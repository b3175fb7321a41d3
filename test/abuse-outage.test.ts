/**
 * Beside row 19 of abuse.md: a connection that breaks may be the client's or the database's. Only the first is a bad
 * request; of the other the client must be told to send the same again.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { Grant, Room } from '../src/contract/objects.ts';
import { present, requireProblem } from './support/abuse.ts';
import { RawSocket } from './support/abuse-wire.ts';
import { register, request } from './support/people.ts';
import { createDatabase, type TestDatabase } from './support/postgres.ts';
import { startServer, type TestServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

let database: TestDatabase;
let server: TestServer;
let person: Grant;
let room: string;

/** Between the server and its database; cut, it resets what there is and whatever comes. */
const line = createServer(near => {
  const { host, port } = database.connection;
  const far = host?.startsWith('/')
    ? connect(`${host}/.s.PGSQL.${port}`)
    : connect(Number(port), present(host));
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.pipe(other);
    one.on('error', () => {}).on('close', () => other.destroy());
  }
  ends.add(near);
  near.on('close', () => ends.delete(near));
  if (isCut) near.resetAndDestroy();
});
const ends = new Set<Socket>();
let isCut = false;

before(async () => {
  database = await createDatabase();
  line.listen(0, '127.0.0.1');
  await once(line, 'listening');
  const url = new URL(database.url.replace(/@[^/]*/, `@127.0.0.1:${(line.address() as AddressInfo).port}`));
  server = await startServer({}, url.href);
  person = await register(server.url, 'ana');
  const { body } = await request<{ rooms: Room[] }>(server.url, 'GET', '/rooms', person);
  room = present(body.rooms[0]).id;
});

after(async () => {
  await server.close();
  line.close();
  await database.drop();
});

function cut(): void {
  isCut = true;
  for (const end of ends) end.resetAndDestroy();
}

const send = (id: string) =>
  request<{ code?: string }>(server.url, 'POST', `/rooms/${room}/messages`, {
    token: person.token,
    body: { id, text: 'undecided' },
  });

test('[abuse 19] [ERR-1] a send while the database is away is undecided, not a bad request, and can be sent again', async () => {
  const id = randomUUID();
  cut();
  try {
    const { status, body } = await send(id);
    assert.deepEqual([status, body.code], [503, 'unavailable']);
  } finally {
    isCut = false;
  }
  await eventually('it is stored', async () => (await send(id)).status === 201);
});

test('[abuse 1] a handshake while the database is away is answered with 503, not refused for good', async () => {
  cut();
  try {
    const headers = [['Authorization', `Bearer ${person.token}`]] as const;
    const { response } = await RawSocket.ask(server.url, { headers });
    requireProblem(response, 503, 'unavailable');
  } finally {
    isCut = false;
  }
});
