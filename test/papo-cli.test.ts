/** `papo`, the command line, as a process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { sql } from 'kysely';
import { createProgram } from '../src/cli/program.ts';
import { flagOf, settingNames } from '../src/server/settings/table.ts';
import { openSingle } from '../src/server/store/database.ts';
import { atEnd } from './support/at-end.ts';
import { emptyDatabase, scratchFolder, silent } from './support/backups.ts';
import { Scene } from './support/embedded-scene.ts';
import { papo, papoUnread } from './support/papo.ts';
import { register } from './support/people.ts';
import { spawnServer, startServer } from './support/server.ts';

test('what is used wrongly ends with 2 and one sentence, what fails with 1', async () => {
  for (const args of [['backup'], ['bogus'], ['config', '--bogus']]) {
    const { code, complaint } = await papo(args);
    assert.deepEqual([code, complaint.split('\n').length], [2, 1], complaint);
    assert.match(complaint, /^papo: /);
  }
  const port = await papo(['config'], { PORT: 'many' });
  assert.deepEqual([port.code, port.complaint], [2, 'papo: PORT: must be a number']);
  const nowhere = await papo(['backup', '/tmp/x']);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.complaint, /^papo: There is no database in \/nowhere: [^\n]+$/);
});

test('a reader that goes away is no failure, and a command still finishes what it does', async t => {
  const scene = await Scene.withDatabase(t);
  const environment = { PAPO_DATA_DIR: scene.dataDir };
  assert.equal((await papo(['migrate', 'up'], environment)).code, 0);
  for (const args of [['--help'], ['config'], ['room', 'list'], ['migrate', 'status']]) {
    assert.deepEqual(await papoUnread(args, environment), { code: 0, complaint: '' }, args.join(' '));
  }
  // It was started for the command, and has stopped with it.
  assert.ok(!existsSync(join(scene.dataDir, 'postgres', 'data', 'postmaster.pid')));
  const failed = await papoUnread(['user', 'promote', 'nobody'], environment);
  assert.deepEqual(failed, { code: 1, complaint: 'papo: there is no user nobody' });
});

test('a full disk under standard output is a failure, and told', async () => {
  const program = join(import.meta.dirname, '../src/cli/papo.ts');
  const full = spawnSync('sh', ['-c', 'exec "$0" "$1" config >/dev/full', process.execPath, program], {
    encoding: 'utf8',
  });
  assert.deepEqual([full.status, full.stderr.split(':', 3).join(':')], [1, 'papo: standard output: ENOSPC']);
});

/** Those that do something. */
const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

test('every command’s help has an example', () => {
  // `papo chat` tells its options by itself.
  const commands = leaves(createProgram()).filter(command => command.name() !== 'chat');
  assert.ok(commands.length >= 17);
  for (const command of commands) {
    let shown = '';
    command.configureOutput({
      writeOut: text => {
        shown += text;
      },
    });
    command.outputHelp();
    assert.match(shown, /Example:\n.*papo/, command.name());
  }
});

test('the settings in force are shown with where they come from, and without secrets', async () => {
  const { out } = await papo(['config', '--json'], {
    PORT: '9000',
    PAPO_SECRET: 'very-secret-very-secret-very-secret',
    DATABASE_URL: 'postgres://papo:hush@hush@db/papo?password=hush',
  });
  assert.ok(!/hush|very-secret/.test(out), out);
  const settings: { name: string }[] = JSON.parse(out);
  const find = (wanted: string) => settings.find(({ name }) => name === wanted);
  assert.deepEqual(find('PORT'), { name: 'PORT', value: '9000', from: 'environment' });
  assert.deepEqual(find('HOST'), { name: 'HOST', value: '127.0.0.1', from: 'default' });
});

test('[abuse 46] a setting of .env is in force, and one that papo doesn’t know is told', async t => {
  const folder = await scratchFolder(t);
  const secret = 's'.repeat(32);
  await writeFile(join(folder, 'secret'), secret);
  await writeFile(join(folder, '.env'), 'HOST=::1\nPAPO_SECRET_FILE=secret\nPAPO_ORIGIN=https://a.example\n');
  const { code, out, complaint } = await papo(['config', '--port', '9000', '--json'], {}, folder);
  assert.equal(code, 0, complaint);
  const settings: { name: string }[] = JSON.parse(out);
  const find = (wanted: string) => settings.find(({ name }) => name === wanted);
  assert.deepEqual(find('PORT'), { name: 'PORT', value: '9000', from: 'flag' });
  assert.deepEqual(find('HOST'), { name: 'HOST', value: '::1', from: '.env' });
  assert.deepEqual(find('PAPO_SECRET'), { name: 'PAPO_SECRET', value: '***', from: '.env', file: 'secret' });
  assert.ok(!out.includes(secret));
  assert.equal(complaint, 'papo: PAPO_ORIGIN in .env is not a setting of papo: is PAPO_ORIGINS meant?');
});

test('the server takes a flag for each setting, before what the environment says', async t => {
  const database = await emptyDatabase(t);
  const environment = { DATABASE_URL: database.url, HOST: '127.0.0.1', PAPO_LOGLEVEL: 'debug' };
  const server = await spawnServer(environment, ['--host', '127.0.0.2', '--log-level', 'info']);
  atEnd(t, () => server.end('SIGTERM'));
  assert.match(server.url, /^http:\/\/127\.0\.0\.2:/);
  const warning = 'PAPO_LOGLEVEL is not a setting of papo: is PAPO_LOG_LEVEL meant?';
  assert.ok(server.output.some(line => line.includes(warning)));
  const { out: help } = await papo(['serve', '--help']);
  for (const name of settingNames) assert.ok(help.includes(`${flagOf(name)} <`), name);
});

test('[abuse 46] a bad port stops the server with its name and with 2', async () => {
  for (const [args, name] of [
    [['--port', '70000'], '--port'],
    [[], 'PORT'],
  ] as const) {
    const { code, out, complaint } = await papo(['serve', ...args], { PORT: 'http' });
    assert.deepEqual([code, out], [2, '']);
    assert.match(complaint, new RegExp(`^papo: ${name}: [^\n]+$`));
  }
});

test('[abuse 46] a database that can not be reached is told, and the end is 1', async () => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const url = `postgres://nobody:very-hidden@${host}:1/papo`;
    const { code, out, complaint } = await papo(['serve', '--port', '0', '--metrics-addr', 'off'], {
      DATABASE_URL: url,
    });
    assert.equal(code, 1);
    assert.match(
      out,
      /papo could not start: the database \(DATABASE_URL\) can not be reached: .*ECONNREFUSED/,
    );
    assert.doesNotMatch(out + complaint, /very-hidden/);
  }
});

test('the embedded database of a running server is backed up, and restored into an external one', async t => {
  const [folder, target] = [await scratchFolder(t), await emptyDatabase(t)];
  const scene = await Scene.withDatabase(t);
  const embedded = { PAPO_DATA_DIR: scene.dataDir };
  const server = await spawnServer(embedded);
  atEnd(t, () => server.end('SIGTERM'));
  await register(server.url, 'ana');
  const file = join(folder, 'papo.backup');
  const backup = await papo(['backup', file, '--json'], embedded);
  assert.equal(backup.code, 0, backup.complaint);
  assert.deepEqual(
    JSON.parse(backup.out).tables.find((table: { name: string }) => table.name === 'users'),
    { name: 'users', rows: 1 },
  );
  assert.match((await papo(['backup', file], embedded)).complaint, /is there already: .*--force/);
  assert.match(
    (await papo(['migrate', 'up'], embedded)).complaint,
    /^papo: Another papo server .* Stop it first/,
  );
  assert.match((await papo(['restore', file], embedded)).complaint, /Stop it first/);

  const restored = await papo(['restore', file], { DATABASE_URL: target.url });
  assert.equal(restored.code, 0, restored.complaint);
  assert.match(restored.out, /^restored 1 users, 1 rooms, 0 messages, as of /);
  assert.equal(await server.end('SIGTERM'), 0);

  const fresh = { PAPO_DATA_DIR: join(scene.dir, 'fresh') };
  const inside = await papo(['restore', file], fresh);
  assert.equal(inside.code, 0, inside.complaint);
  const status = await papo(['migrate', 'status', '--json'], fresh);
  assert.deepEqual(JSON.parse(status.out).pending, []);
});

test('a file that is no backup is refused before a database is made for it', async t => {
  const folder = await scratchFolder(t);
  await writeFile(join(folder, 'letter'), 'dear ana');
  const dataDir = join(folder, 'data');
  const { code, complaint } = await papo(['restore', join(folder, 'letter')], { PAPO_DATA_DIR: dataDir });
  assert.equal(code, 1);
  assert.match(complaint, /is not a backup of papo\.$/);
  assert.ok(!existsSync(dataDir));
});

test('a schema of a newer papo is refused by the server and by migrate', async t => {
  const database = await emptyDatabase(t);
  const environment = { DATABASE_URL: database.url };
  assert.equal((await papo(['migrate', 'up'], environment)).code, 0);
  const db = openSingle(database.connection, silent);
  await sql`insert into kysely_migration values ('9999-not-yet', now()::text)`.execute(db);
  await db.destroy();
  const sentence = /The database is of a newer papo: it has 9999-not-yet, .* Use the newer papo\./;
  for (const action of ['up', 'status']) {
    const { code, complaint } = await papo(['migrate', action], environment);
    assert.equal(code, 1);
    assert.match(complaint, sentence);
  }
  await assert.rejects(startServer({}, database.url), sentence);
  const served = await papo(['serve'], { ...environment, PORT: '0', PAPO_METRICS_ADDR: 'off' });
  assert.equal(served.code, 1);
  assert.match(served.out, sentence);
});
