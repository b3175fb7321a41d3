/** What a supervisor and a proxy ask: whether it lives, whether it is ready, what it is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { protocolVersion } from '../src/contract/codes.ts';
import { atEnd } from './support/at-end.ts';
import { request } from './support/people.ts';
import { createDatabase } from './support/postgres.ts';
import { ownServer, startServer, type TestServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const ask = (path: string, url = server.url) => request(url, 'GET', path);

test('a server lives, is ready, and says what it is, to anyone', async () => {
  const live = await ask('/livez');
  assert.deepEqual([live.status, live.body], [200, { live: true }]);
  assert.equal(live.headers.get('cache-control'), 'no-store');
  const ready = await ask('/readyz');
  assert.deepEqual([ready.status, ready.body], [200, { ready: true }]);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { body } = await ask('/version');
  assert.deepEqual(body, { version, protocol: protocolVersion, node: process.versions.node });
});

test('asked in detail, it lists each check', async () => {
  const { status, body } = await ask('/readyz?verbose');
  assert.equal(status, 200);
  assert.deepEqual(body, { ready: true, checks: { database: true, migrations: true, accepting: true } });
});

test('they can only be asked', async () => {
  const { status, headers } = await request(server.url, 'POST', '/readyz');
  assert.deepEqual([status, headers.get('allow')], [405, 'GET']);
});

test('without its database it lives but isn’t ready, and is again when the database is back', async t => {
  const database = await createDatabase();
  const { database: name, ...postgres } = database.connection;
  const admin = new pg.Client({ ...postgres, database: 'postgres' });
  await admin.connect();
  const remote = await startServer({}, database.url);
  atEnd(t, async () => {
    await remote.close();
    await admin.end();
    await database.drop();
  });
  await admin.query(`alter database ${name} allow_connections false`);
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  await eventually('it is not ready', async () => (await ask('/readyz', remote.url)).status === 503);
  assert.deepEqual((await ask('/readyz?verbose', remote.url)).body, {
    ready: false,
    checks: { database: false, migrations: false, accepting: true },
  });
  assert.equal((await ask('/livez', remote.url)).status, 200);
  await admin.query(`alter database ${name} allow_connections true`);
  await eventually('it is ready', async () => (await ask('/readyz', remote.url)).status === 200);
});

test('while the database owes an answer it isn’t asked again, however often anyone asks', async t => {
  const remote = await startServer();
  const [blocker, watcher] = [new pg.Client(remote.databaseUrl), new pg.Client(remote.databaseUrl)];
  atEnd(t, async () => {
    await Promise.all([blocker.end(), watcher.end()]);
    await remote.close();
  });
  await Promise.all([blocker.connect(), watcher.connect()]);
  await blocker.query('begin; lock table kysely_migration in access exclusive mode');
  for (let asked = 0; asked < 3; asked += 1) assert.equal((await ask('/readyz', remote.url)).status, 503);
  const { rows } = await watcher.query(
    "select count(*)::int from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
  );
  assert.equal(rows[0].count, 1);
  await blocker.query('rollback');
  await eventually('it is ready', async () => (await ask('/readyz', remote.url)).status === 200);
});

test('while it stops it isn’t ready, and still says so to who is connected', async t => {
  const stopping = await ownServer(t);
  const { port } = new URL(stopping.url);
  const socket = connect(Number(port), '127.0.0.1');
  atEnd(t, () => socket.destroy());
  await once(socket, 'connect');
  // A request on its way keeps the connection.
  const asked = 'GET /readyz?verbose HTTP/1.1\r\n';
  socket.write(`GET /livez HTTP/1.1\r\nHost: papo\r\n\r\n${asked}`);
  await once(socket, 'data');
  const stopped = stopping.close();
  const answered = once(socket, 'data');
  socket.write('Host: papo\r\n\r\n');
  const [answer] = await answered;
  assert.match(String(answer), /^HTTP\/1\.1 503 [\s\S]*"accepting":false/);
  socket.destroy();
  await stopped;
});
