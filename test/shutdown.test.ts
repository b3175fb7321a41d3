/** Stopping while people are at the door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { register, TestSocket } from './support/people.ts';
import { startServer } from './support/server.ts';
import { eventually, within } from './support/waiting.ts';

const limit = { timeout: 30_000 };

test(
  'who is in the middle of the handshake when the server stops is refused, and doesn’t keep it from stopping',
  limit,
  async () => {
    const server = await startServer();
    const ana = await register(server.url, 'ana');
    const [blocker, watcher] = [new pg.Client(server.databaseUrl), new pg.Client(server.databaseUrl)];
    await Promise.all([blocker.connect(), watcher.connect()]);
    await blocker.query('begin; lock table logins in access exclusive mode');
    const late = Array.from({ length: 5 }, () => new TestSocket(server.url, ana.token));
    const refusals = late.map(socket => assert.rejects(socket.closed, /503/));
    await eventually('they wait for the database', async () => {
      const { rows } = await watcher.query(
        "select count(*)::int from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      );
      return rows[0].count === late.length;
    });
    const stopped = server.close();
    await blocker.query('rollback');
    await Promise.all([blocker.end(), watcher.end()]);
    await within(10_000, 'the server stops', stopped);
    await Promise.all(refusals);
  },
);

test('who doesn’t answer the goodbye is cut off', limit, async () => {
  const server = await startServer();
  const ana = await register(server.url, 'ana');
  const silent = await TestSocket.live(server.url, ana.token);
  silent.socket.pause();
  await within(10_000, 'the server stops', server.close());
  silent.socket.resume();
  await silent.closed;
});
