/** Logins in the database: whose clock they go by, and what happens when several end them at once. */
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import pg from 'pg';
import { limits } from '../src/contract/limits.ts';
import { type Database, openSingle } from '../src/server/store/database.ts';
import { Logins } from '../src/server/store/logins.ts';
import { migrate } from '../src/server/store/migrations/migrations.ts';
import { firstPassword, Users } from '../src/server/store/users.ts';
import { atEnd } from './support/at-end.ts';
import { silent } from './support/backups.ts';
import { createDatabase } from './support/postgres.ts';
import { eventually } from './support/waiting.ts';

async function scene(t: TestContext) {
  const { connection, drop } = await createDatabase();
  atEnd(t, drop);
  const open = (): Database => {
    const db = openSingle(connection, silent);
    atEnd(t, () => db.destroy());
    return db;
  };
  const client = async () => {
    const connected = new pg.Client(connection);
    atEnd(t, () => connected.end());
    await connected.connect();
    return connected;
  };
  const db = open();
  await migrate(db);
  const user = await new Users(db).create('ana', 'Ana', 'a hash');
  const start = async (logins = new Logins(db)) => {
    const started = await logins.start(user.id, firstPassword);
    assert.ok(started);
    return started;
  };
  return { user, start, open, client };
}

test('how long a login was idle is told by the clock of the database, whatever the server has', async t => {
  const { start, client } = await scene(t);
  const { login } = await start();
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 2 * limits.maxIdleLoginMs });
  atEnd(t, () => mock.timers.reset());
  assert.deepEqual((await start()).ended, []);
  const idle = "update logins set refreshed_at = now() - interval '91 days' where id = $1";
  await (await client()).query(idle, [login]);
  assert.deepEqual((await start()).ended, [login]);
});

test('two who end all logins of a user at once end them, though they find them in another order', async t => {
  const { user, start, open, client } = await scene(t);
  const [first, middle, last] = [await start(), await start(), await start()].map(({ login }) => login);
  const [refreshing, holding, watching] = [await client(), await client(), await client()];
  const waiting = (count: number) =>
    eventually(`${count} wait`, async () => {
      const { rowCount } = await watching.query(
        "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      );
      return rowCount === count;
    });
  const refresh = 'update logins set refreshed_at = clock_timestamp() where id = $1';
  const endAll = () => new Logins(open()).endAll(user.id);

  await refreshing.query('begin');
  await refreshing.query(refresh, [first]);
  const one = endAll();
  await waiting(1);
  // Whoever looks from here on finds the last one first.
  await watching.query(refresh, [middle]);
  await holding.query('begin');
  await holding.query('select from logins where id = $1 for update', [middle]);
  await refreshing.query('commit');
  await waiting(1);
  const other = endAll();
  await waiting(2);
  await holding.query('commit');

  const ended = (await Promise.all([one, other])).flat();
  assert.deepEqual(ended.toSorted(), [first, middle, last].toSorted());
});
