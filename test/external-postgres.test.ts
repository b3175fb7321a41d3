/** A PostgreSQL that is not papo's own, given by DATABASE_URL: of this major version and of the oldest supported. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { atEnd } from './support/at-end.ts';
import { register, TestSocket } from './support/people.ts';
import { createDatabase, startPostgres, urlOf } from './support/postgres.ts';
import { findPostgres15 } from './support/postgres-15.ts';
import { ownServer, startServer } from './support/server.ts';

for (const major of [18, 15]) {
  describe(`PostgreSQL ${major}`, () => {
    let postgres: Awaited<ReturnType<typeof startPostgres>>;
    let url: string;

    before(async () => {
      postgres = await startPostgres(major === 15 ? { binaries: await findPostgres15() } : {});
      await query(urlOf(postgres.connection), 'create database chat');
      url = urlOf({ ...postgres.connection, database: 'chat' });
    });

    after(() => postgres.process.end());

    test('two people talk, the server restarts, and everything is there', async t => {
      const first = await ownServer(t, {}, url);
      const [ana, bruno] = [await register(first.url, 'ana'), await register(first.url, 'bruno')];
      const talker = await TestSocket.live(first.url, ana.token);
      const reader = await TestSocket.live(first.url, bruno.token);
      const [room] = (await talker.call('room.list', {})).rooms;
      assert.ok(room);
      const sent = await talker.call('message.send', { room: room.id, id: uuidv7(), text: `on ${major}` });
      await reader.until(() => reader.texts(room.id).length === 1);
      await first.close();

      const second = await ownServer(t, {}, url);
      const back = await TestSocket.live(second.url, bruno.token);
      const { messages } = await back.call('message.history', { room: room.id });
      assert.deepEqual(messages, [sent.message]);
      const { rows } = await query(url, 'show server_version_num');
      assert.equal(Math.floor(rows[0].server_version_num / 10_000), major);
    });

    for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) {
      test(`[G1] with ${setting} off the start is refused, which says so`, async t => {
        const reload = () => query(url, 'select pg_reload_conf()');
        const reset = () => query(url, `alter system reset ${setting}`).then(reload);
        atEnd(t, reset);
        await query(url, `alter system set ${setting} = off`).then(reload);
        await assert.rejects(startServer({}, url), new RegExp(`${setting} off`));
        await reset();
        const server = await startServer({}, url);
        await server.close();
      });
    }
  });
}

test('a second server on the same database refuses to start and leaves the first alone', async t => {
  const database = await createDatabase();
  atEnd(t, () => database.drop());
  const first = await ownServer(t, {}, database.url);
  await assert.rejects(startServer({}, database.url), /another papo server is using this database/);
  const ana = await register(first.url, 'ana');
  await (await TestSocket.live(first.url, ana.token)).close();
});

test('a database that is not there stops the start', async () => {
  const nowhere = 'postgres://nobody:secret@127.0.0.1:1/papo';
  await assert.rejects(startServer({}, nowhere), /ECONNREFUSED/);
});

async function query(url: string, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
}
