/** The server's connections to PostgreSQL, and what becomes of them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { createLog } from '../src/server/log.ts';
import { Metrics } from '../src/server/metrics.ts';
import { isConnectionLost, openPool, openSingle } from '../src/server/store/database.ts';
import { atEnd } from './support/at-end.ts';
import { emptyDatabase } from './support/backups.ts';
import { eventually } from './support/waiting.ts';

/** ErrorResponse and Terminate: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const fields = 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0';
const terminating = Buffer.concat([
  Buffer.from('E\0\0\0'),
  Buffer.of(4 + fields.length),
  Buffer.from(fields),
]);
const terminate = 'X'.charCodeAt(0);

test('a connection that ends while it is lent and asks nothing fails the next question, and never the process', async t => {
  const database = await emptyDatabase(t);
  const db = openPool(database.connection, createLog('silent'), new Metrics());
  atEnd(t, () => db.destroy());
  const admin = new pg.Client(database.connection);
  await admin.connect();
  atEnd(t, () => admin.end());
  await db.connection().execute(async lent => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(lent);
    const pid = rows[0]?.pid;
    await admin.query('select pg_terminate_backend($1)', [pid]);
    await eventually('it is gone', async () => {
      const { rowCount } = await admin.query('select from pg_stat_activity where pid = $1', [pid]);
      return rowCount === 0;
    });
    await assert.rejects(sql`select`.execute(lent), isConnectionLost);
  });
  await sql`select`.execute(db);
});

test('a PostgreSQL that goes while its connections are being closed is nothing to tell', async t => {
  const { db, way, told } = await connected(t);
  await db.destroy();
  await way.closed;
  assert.deepEqual(told, []);
});

test('an idle connection that PostgreSQL ends by itself is told', async t => {
  const { db, way, told } = await connected(t);
  way.sayGoodbye();
  await eventually('a line of the log', () => told.length > 0);
  await db.destroy();
  assert.deepEqual(told, ['an idle database connection broke']);
});

/** An open connection, on a way where PostgreSQL's goodbye crosses the client's, or comes by itself. */
async function connected(t: TestContext) {
  const { connection } = await emptyDatabase(t);
  const ways: { sayGoodbye(): void; closed: Promise<unknown> }[] = [];
  const proxy = createServer(near => {
    const far = connect(`${connection.host}/.s.PGSQL.${connection.port}`);
    const sayGoodbye = () => near.end(terminating);
    ways.push({ sayGoodbye, closed: once(near, 'close') });
    far.on('data', chunk => near.write(chunk));
    near.on('data', chunk => {
      if (chunk[0] === terminate) sayGoodbye();
      far.write(chunk);
    });
    near.on('close', () => far.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  atEnd(t, () => proxy.close());
  const { port } = proxy.address() as AddressInfo;

  const told: string[] = [];
  const log = pino({ level: 'warn' }, { write: line => told.push(JSON.parse(line).msg) });
  const db = openSingle({ ...connection, host: '127.0.0.1', port }, log);
  atEnd(t, () => db.destroy());
  await sql`select`.execute(db);
  const [way, ...others] = ways;
  assert.ok(way !== undefined && others.length === 0);
  return { db, way, told };
}
