/** The server's connections to PostgreSQL, and what becomes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { createLog } from '../src/server/log.ts';
import { Metrics } from '../src/server/metrics.ts';
import { isConnectionLost, openPool } from '../src/server/store/database.ts';
import { createDatabase } from './support/postgres.ts';
import { eventually } from './support/waiting.ts';

test('a connection that ends while it is lent and asks nothing fails the next question, and never the process', async () => {
  const database = await createDatabase();
  const db = openPool(database.connection, createLog('silent'), new Metrics());
  const admin = new pg.Client(database.connection);
  await admin.connect();
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
  await Promise.all([db.destroy(), admin.end()]);
  await database.drop();
});
