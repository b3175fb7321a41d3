/** Backup and restore: what is in a backup, what comes out of it, and which files are refused. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { presentTables } from '../src/server/store/backup/tables.ts';
import { backUp } from '../src/server/store/backup.ts';
import { openSingle } from '../src/server/store/database.ts';
import { migrate } from '../src/server/store/migrations/migrations.ts';
import { restore, verifyBackup } from '../src/server/store/restore.ts';
import { atEnd } from './support/at-end.ts';
import { emptyDatabase, forge, scratchFolder, silent, tablesIn } from './support/backups.ts';
import { password, register, request, TestSocket } from './support/people.ts';
import { startPostgres } from './support/postgres.ts';
import { findPostgres15 } from './support/postgres-15.ts';
import { ownServer, startServer } from './support/server.ts';

/** A backup of a server with one person and a few messages, one of them hard to quote. */
async function smallBackup(t: TestContext) {
  const [folder, source] = [await scratchFolder(t), await emptyDatabase(t)];
  const server = await startServer({}, source.url);
  const ana = await register(server.url, 'ana');
  const socket = await TestSocket.live(server.url, ana.token);
  const room = (await socket.call('room.list', {})).rooms[0]?.id ?? '';
  const texts = ['one', 'line\nfeed \\ "quoted" \u2028 👍 {}', 'three'];
  for (const text of texts) await socket.call('message.send', { room, id: uuidv7(), text });
  const { messages } = await socket.call('message.history', { room });
  await server.close();
  const file = join(folder, 'papo.backup');
  const { manifest } = await backUp(source.connection, file, silent);
  return { folder, source, file, manifest, room, messages };
}

test('[G6] a backup taken while messages arrive restores every one acknowledged before, without a gap, as another history', async t => {
  const [folder, source, target] = [await scratchFolder(t), await emptyDatabase(t), await emptyDatabase(t)];
  const server = await startServer({}, source.url);
  const ana = await register(server.url, 'ana');
  const socket = await TestSocket.live(server.url, ana.token);
  const room = (await socket.call('room.list', {})).rooms[0]?.id ?? '';
  const send = (text: string) => socket.call('message.send', { room, id: uuidv7(), text });
  const before = await Promise.all(Array.from({ length: 1_200 }, (_, n) => send(`before ${n}`)));

  let over = false;
  const during = (async () => {
    for (let n = 0; !over; n += 1) await send(`during ${n}`);
  })();
  const file = join(folder, 'papo.backup');
  await backUp(source.connection, file, silent);
  over = true;
  await during;
  const latest = (await send('the last')).message;
  await server.close();

  await restore(target.connection, await verifyBackup(file), silent);
  const restored = await ownServer(t, {}, target.url);
  const back = await request<{ token: string }>(restored.url, 'POST', '/login', {
    body: { username: 'ana', password },
  });
  const reader = await TestSocket.open(restored.url, back.body.token);
  assert.notEqual(reader.hello?.log, socket.hello?.log);
  const synced = await reader.call('sync', {
    log: socket.hello?.log ?? '',
    rooms: { [room]: latest.version },
  });
  const [catchUp] = synced.rooms;
  assert.ok(catchUp?.reset);
  const seqs: number[] = [];
  for (let after = 0; after < catchUp.room.lastSeq; after = seqs.at(-1) ?? 0) {
    const { messages } = await reader.call('message.history', { room, after });
    seqs.push(...messages.map(message => message.seq));
  }
  assert.deepEqual(
    seqs,
    Array.from({ length: catchUp.room.lastSeq }, (_, index) => index + 1),
  );
  assert.ok(catchUp.room.lastSeq >= before.length && catchUp.room.lastSeq < latest.seq);
  const { message } = await reader.call('message.send', { room, id: uuidv7(), text: 'it goes on' });
  assert.equal(message.seq, catchUp.room.lastSeq + 1);
});

test('a backup has every table, and what comes out is what went in', async t => {
  const { source, file, manifest, room, messages } = await smallBackup(t);
  const kyselys = ['kysely_migration', 'kysely_migration_lock'];
  const tables = (await tablesIn(source.connection)).filter(name => !kyselys.includes(name));
  assert.deepEqual(manifest.tables.map(table => table.name).sort(), tables);
  assert.equal((await stat(file)).mode & 0o777, 0o600);

  const target = await emptyDatabase(t);
  await restore(target.connection, await verifyBackup(file), silent);
  const server = await ownServer(t, {}, target.url);
  const { body } = await request<{ token: string }>(server.url, 'POST', '/login', {
    body: { username: 'ana', password },
  });
  const reader = await TestSocket.live(server.url, body.token);
  assert.deepEqual((await reader.call('message.history', { room })).messages, messages);
});

test('a restored database has another name each time, also the backup of a restored one', async t => {
  const { folder, file, manifest } = await smallBackup(t);
  const target = await emptyDatabase(t);
  await restore(target.connection, await verifyBackup(file), silent);
  const again = await backUp(target.connection, join(folder, 'again'), silent);
  const third = await emptyDatabase(t);
  await restore(third.connection, await verifyBackup(join(folder, 'again')), silent);
  const last = await backUp(third.connection, join(folder, 'last'), silent);
  const parts = [manifest, again.manifest, last.manifest].map(({ log }) => log.split('-').slice(3).join('-'));
  assert.equal(new Set(parts).size, 3, 'the part that is made at the restore');
});

test('a file that is there is replaced only when that is asked for', async t => {
  const { folder, source, file } = await smallBackup(t);
  const before = await readFile(file);
  await assert.rejects(backUp(source.connection, file, silent), /is there already/);
  assert.deepEqual(await readFile(file), before);
  await backUp(source.connection, file, silent, { overwrite: true });
  await verifyBackup(file);
  assert.deepEqual(await readdir(folder), ['papo.backup']);
});

test('a backup that is given up leaves nothing behind', async t => {
  const { folder, source } = await smallBackup(t);
  const signal = AbortSignal.abort(new Error('given up'));
  await assert.rejects(backUp(source.connection, join(folder, 'other'), silent, { signal }));
  assert.deepEqual(await readdir(folder), ['papo.backup']);
});

test('a database without papo is not backed up', async t => {
  const [folder, nothing] = [await scratchFolder(t), await emptyDatabase(t)];
  await assert.rejects(backUp(nothing.connection, join(folder, 'file'), silent), /nothing to back up/);
  assert.deepEqual(await readdir(folder), []);
});

test('a file that is something else, cut off, or changed anywhere is refused', async t => {
  const { folder, file } = await smallBackup(t);
  const bad = join(folder, 'bad');
  const whole = await readFile(file);
  const refused = async (content: Buffer | string, reason: RegExp) => {
    await writeFile(bad, content);
    await assert.rejects(verifyBackup(bad), reason);
  };
  await assert.rejects(verifyBackup(join(folder, 'nowhere')), /can't be read: ENOENT/);
  await assert.rejects(verifyBackup(folder), /can't be read: EISDIR/);
  await refused('', /is damaged/);
  await refused('-- a dump of something\n', /is not a backup/);
  await refused(gzipSync('-- a dump of something\n'), /is not a backup/);
  await refused(Buffer.concat([whole, gzipSync('{}\n')]), /something follows its end/);
  for (const length of [9, 20, whole.length >> 1, whole.length - 1]) {
    await writeFile(bad, whole);
    await truncate(bad, length);
    await assert.rejects(verifyBackup(bad), /is damaged/);
  }
  // The first ten bytes are gzip's own header: the time and the system in it say nothing about the content.
  for (let at = 10; at < whole.length; at += 29) {
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(at) ^ 0x10, at);
    await refused(flipped, /is damaged|is not a backup/);
  }
});

test('content that was changed and packed again is refused by its checksum', async t => {
  const { folder, file } = await smallBackup(t);
  const bad = join(folder, 'bad');
  const put = (_: unknown, lines: string[]) => lines.push(lines.pop()?.replace('three', 'four') ?? '');
  await forge(file, bad, put, 'kept');
  await assert.rejects(verifyBackup(bad), /its checksum is wrong/);
  await forge(file, bad, (_, lines) => lines.pop(), 'kept');
  await assert.rejects(verifyBackup(bad), /is damaged/);
});

test('a backup of a newer papo is refused, and says so', async t => {
  const { folder, file } = await smallBackup(t);
  const newer = join(folder, 'newer');
  await forge(file, newer, manifest => manifest.migrations.push('9999-not-yet'));
  await assert.rejects(verifyBackup(newer), /newer papo: it has 9999-not-yet/);
  await forge(file, newer, manifest => Object.assign(manifest, { formatVersion: 2, papo: '7.0.0' }));
  await assert.rejects(verifyBackup(newer), /made by a newer papo \(7\.0\.0\)/);
});

test('what goes wrong while a backup is loaded changes nothing', async t => {
  const { folder, file } = await smallBackup(t);
  const target = await emptyDatabase(t);
  const bad = join(folder, 'bad');
  const failing = async (reason: RegExp, change: Parameters<typeof forge>[2]) => {
    await forge(file, bad, change);
    await assert.rejects(restore(target.connection, await verifyBackup(bad), silent), reason);
    assert.deepEqual(await tablesIn(target.connection), []);
  };
  await failing(/duplicate key/, (manifest, lines) => {
    lines.push(lines.at(-1) ?? '');
    const messages = manifest.tables.at(-1);
    if (messages) messages.rows += 1;
  });
  const givenUp = AbortSignal.abort(new Error('given up'));
  const good = await verifyBackup(file);
  await assert.rejects(restore(target.connection, good, silent, givenUp), /given up/);
  assert.deepEqual(await tablesIn(target.connection), []);
  await failing(/other tables than its schema/, manifest => manifest.tables.push({ name: 'x', rows: 0 }));

  await writeFile(bad, await readFile(file));
  const verified = await verifyBackup(bad);
  await forge(file, bad, (_, lines) => lines.push(lines.pop()?.replace('three', 'four') ?? ''));
  await assert.rejects(restore(target.connection, verified, silent), /changed while it was being restored/);
  assert.deepEqual(await tablesIn(target.connection), []);
});

test('a database that isn’t empty, or has a server, is refused and left as it is', async t => {
  const { source, file } = await smallBackup(t);
  const verified = await verifyBackup(file);
  const refusal = /isn't empty, it has 1 users and 3 messages/;
  await assert.rejects(restore(source.connection, verified, silent), refusal);
  await ownServer(t, {}, source.url);
  await assert.rejects(restore(source.connection, verified, silent), /another papo server is using/);

  const strange = await emptyDatabase(t);
  const db = openSingle(strange.connection, silent);
  await sql`create table recipes ()`.execute(db);
  await assert.rejects(restore(strange.connection, verified, silent), /it has the tables recipes/);
  await db.destroy();
  assert.deepEqual(await tablesIn(strange.connection), ['recipes']);
});

test('a backup of an older schema is restored as it was, and brought up to date by the server', async t => {
  const [folder, old, target] = [await scratchFolder(t), await emptyDatabase(t), await emptyDatabase(t)];
  const db = openSingle(old.connection, silent);
  await migrate(db, '0001-the-log');
  await sql`insert into settings values ('token_secret', 'kept-kept-kept-kept-kept-kept-kept-kept')`.execute(
    db,
  );
  await db.destroy();
  const file = join(folder, 'old');
  await backUp(old.connection, file, silent);
  await restore(target.connection, await verifyBackup(file), silent);
  const restored = openSingle(target.connection, silent);
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(restored);
  assert.deepEqual(rows, [{ name: '0001-the-log' }]);
  assert.ok((await presentTables(restored)).includes('messages'));
  await restored.destroy();
  await (await startServer({}, target.url)).close();
});

test('what one major version of PostgreSQL held is restored into another', async t => {
  const { file, room, messages } = await smallBackup(t);
  const older = await startPostgres({ binaries: await findPostgres15() });
  atEnd(t, () => older.process.end());
  const first = openSingle(older.connection, silent);
  await sql`create database chat`.execute(first);
  await first.destroy();
  const target = { ...older.connection, database: 'chat' };
  await restore(target, await verifyBackup(file), silent);
  const db = openSingle(target, silent);
  const { rows } = await sql<{
    text: string;
  }>`select text from messages where room_id = ${room} order by seq`.execute(db);
  await db.destroy();
  assert.deepEqual(
    rows.map(row => row.text),
    messages.map(message => message.text),
  );
});
