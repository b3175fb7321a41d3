/** The log: what it never tells, and what happens when nobody reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { WebSocket } from 'ws';
import type { Grant } from '../src/contract/objects.ts';
import { atEnd } from './support/at-end.ts';
import { emptyDatabase } from './support/backups.ts';
import { password, register, request, TestSocket } from './support/people.ts';
import { noteSecrets, requireDiscreet, secrets } from './support/secrets.ts';
import { ownServer, spawnServer } from './support/server.ts';
import { eventually, within } from './support/waiting.ts';

/** A path as long as a request's head may have it: few requests make a long log. */
const longPath = `/${'x'.repeat(12_000)}`;
/** More than a pipe holds, and what the log keeps beside it. */
const floodRequests = 200;

type Line = { level: number; msg: string; requestId?: string; userId?: string; connection?: string };

test('a day of a server, at level trace, tells no password, no token and nothing that was written', async t => {
  const database = await emptyDatabase(t);
  const secret = 'the-key-that-signs-'.repeat(2);
  const server = await spawnServer({
    DATABASE_URL: database.url,
    PAPO_SECRET: secret,
    PAPO_RATE_LIMITS: 'on',
  });
  atEnd(t, () => server.end('SIGKILL'));
  const written = 'something that was written';
  noteSecrets(undefined, secret, written, new URL(database.url).password);
  const post = <Body>(path: string, body: unknown, token?: string) =>
    request<Body>(server.url, 'POST', path, { body, ...(token !== undefined && { token }) });

  const ana = await register(server.url, 'ana');
  assert.equal((await post('/register', { username: 'ana', password: 'taken all the same' })).status, 409);
  assert.equal((await post('/login', { username: 'ana', password: 'not her password' })).status, 401);
  assert.equal(
    (await post('/login', { username: 'ana', password: ['a password', 'in a list'] })).status,
    400,
  );
  await post('/login', '"password":"in no JSON at all"');
  const again = await post<Grant>('/login', { username: 'ana', password });
  const refreshed = await post<Grant>('/refresh', { refreshToken: again.body.refreshToken });
  assert.equal(refreshed.status, 200);
  await post('/refresh', { refreshToken: `${again.body.refreshToken}x` });

  const socket = await TestSocket.live(server.url, ana.token);
  const [room] = (await socket.call('room.list', {})).rooms;
  await socket.call('message.send', { room: room?.id ?? '', id: uuidv7(), text: written });
  await assert.rejects(socket.call('token.renew', { token: refreshed.body.refreshToken }));
  await socket.call('token.renew', { token: ana.token });
  const malformed = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, [
    'papo.v1',
    `bearer.${refreshed.body.token}`,
  ]);
  malformed.on('open', () => malformed.send(`{"token":"${ana.token}"`));
  await within('an answer', new Promise(done => malformed.once('message', done)));
  malformed.terminate();
  for (const path of ['/me', '/ws', '/rooms', '/nowhere', '/livez']) {
    await request(server.url, 'GET', `${path}?token=${ana.token}&password=${encodeURIComponent(password)}`);
  }
  await request(server.url, 'GET', `/users?query=x&token=${ana.token}`, { token: ana.token });

  await breakDatabase(database.connection, async () => {
    assert.equal(
      (await post(`/rooms/${room?.id}/messages`, { id: uuidv7(), text: written }, ana.token)).status,
      500,
    );
    assert.equal((await post('/login', { username: 'ana', password })).status, 500);
  });
  await socket.close();
  assert.equal(await server.end('SIGTERM'), 0);

  const lines: Line[] = server.output.map(line => JSON.parse(line));
  assert.ok(secrets.size > 10, `${secrets.size} secrets`);
  const failures = lines.filter(({ msg }) => msg === 'an operation failed');
  assert.ok(failures.some(({ requestId, userId }) => requestId !== undefined && userId === undefined));
  assert.ok(
    lines.some(({ msg, requestId, userId }) => msg === 'request' && requestId && userId === ana.user.id),
  );
  assert.ok(lines.some(({ connection, userId }) => connection && userId === ana.user.id));
  requireDiscreet(server.output);
});

test('a log that tells a secret is seen by the tests, also inside of JSON', () => {
  noteSecrets({ password: 'say "please" to come in' });
  assert.throws(() => requireDiscreet([JSON.stringify({ said: 'say "please" to come in' })]));
  requireDiscreet([JSON.stringify({ said: 'please' })]);
});

test('an error of PostgreSQL is logged without the row, the input or the connection', async t => {
  const server = await ownServer(t);
  const ana = await register(server.url, 'ana');
  const client = new pg.Client(server.databaseUrl);
  await client.connect();
  await client.query("alter table rooms add constraint odd check (topic is distinct from 'the odd topic')");
  await client.end();
  const body = { name: 'odd', topic: 'the odd topic' };
  const { status } = await request(server.url, 'POST', '/rooms', { token: ana.token, body });
  assert.equal(status, 500);
  const line = server.lines.find(line => line.includes('an operation failed')) ?? assert.fail();
  assert.match(line, /violates check constraint/);
  assert.match(line, /"code":"23514"/);
  assert.doesNotMatch(line, /the odd topic|secretKey/);
});

test('when nobody reads the log the server goes on, and tells how many lines were dropped once it is read', async t => {
  const database = await emptyDatabase(t);
  const server = await spawnServer({ DATABASE_URL: database.url });
  atEnd(t, () => server.end('SIGKILL'));
  const { stdout } = server.process;
  stdout?.pause();
  await flood(server.url);
  assert.equal((await request(server.url, 'GET', '/livez')).status, 200);
  stdout?.resume();
  const lines = () => server.output.map((line): Line => JSON.parse(line));
  const dropped = () => lines().filter(({ msg }) => msg.includes('lines of the log were dropped'));
  // A request is logged when its answer has gone, perhaps after the log is read again.
  await eventually('the log tells of each request', () => {
    const told = lines().filter(({ msg }) => msg === 'request').length;
    const missing = dropped().reduce((sum, { msg }) => sum + Number.parseInt(msg, 10), 0);
    return told + missing === floodRequests + 1;
  });
  assert.ok(dropped().length > 0);
  for (const { level } of dropped()) assert.equal(level, 40);
});

test('a server whose log nobody reads stops all the same', async t => {
  const database = await emptyDatabase(t);
  const server = await spawnServer({ DATABASE_URL: database.url });
  atEnd(t, () => server.end('SIGKILL'));
  server.process.stdout?.pause();
  await flood(server.url);
  assert.equal(await within('it stops', server.end('SIGTERM')), 0);
});

test('the reader of the log may go away: the server goes on, and stops in good order', async t => {
  const database = await emptyDatabase(t);
  const server = await spawnServer({ DATABASE_URL: database.url });
  atEnd(t, () => server.end('SIGKILL'));
  server.process.stdout?.destroy();
  const ana = await register(server.url, 'ana');
  await (await TestSocket.live(server.url, ana.token)).close();
  assert.equal(await server.end('SIGTERM'), 0);
});

async function flood(url: string): Promise<void> {
  for (let asked = 0; asked < floodRequests; asked += 1) {
    assert.equal((await request(url, 'GET', longPath)).status, 404);
  }
}

/** While that work is done, statements about people and messages fail as if the program were wrong. */
async function breakDatabase(connection: pg.ClientConfig, work: () => Promise<void>): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query('alter table users rename to people; alter table room_heads rename to heads');
  await work();
  await client.query('alter table people rename to users; alter table heads rename to room_heads');
  await client.end();
}
