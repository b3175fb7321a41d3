import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  chown,
  cp,
  lchown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { pino } from 'pino';
import { findBinaries } from '../src/server/store/embedded/binaries.ts';
import { Supervisor } from '../src/server/store/embedded/supervisor.ts';
import { claimDatabase } from '../src/server/store/ownership.ts';
import { atEnd } from './support/at-end.ts';
import { ask, asRoot, isRunning, Scene } from './support/embedded-scene.ts';
import { createDatabase } from './support/postgres.ts';
import { findPostgres15 } from './support/postgres-15.ts';
import { eventually, within } from './support/waiting.ts';

const nobody = { uid: 65_534, gid: 65_534 };
const silent = pino({ level: 'silent' });
const anotherServer = /Another papo server is using the data directory/;

/** Committed by one server, to be found by the next. */
const remember = 'create table kept as select 42 as answer';
const recall = 'select answer from kept';
const remembered = [{ answer: 42 }];

test('a database has one owner at a time, and is free when that one is gone', async t => {
  const database = await createDatabase();
  atEnd(t, () => database.drop());
  const owner = await claimDatabase(database.connection);
  assert.ok(owner);
  assert.equal(await claimDatabase(database.connection), undefined);
  await owner.end();
  const next = await eventually('the claim is free', () => claimDatabase(database.connection));
  await next.end();
});

test('databases of one PostgreSQL are claimed apart', async t => {
  const [one, other] = [await createDatabase(), await createDatabase()];
  atEnd(t, () => Promise.all([one.drop(), other.drop()]));
  const owners = [await claimDatabase(one.connection), await claimDatabase(other.connection)];
  assert.ok(owners.every(owner => owner !== undefined));
  await Promise.all(owners.map(owner => owner?.end()));
});

test('an owner whose session is ended from outside hears of it, and the process goes on', async t => {
  const database = await createDatabase();
  atEnd(t, () => database.drop());
  const owner = await claimDatabase(database.connection);
  assert.ok(owner);
  const ended = new Promise(resolve => owner.once('end', resolve));
  await ask(
    database.connection,
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'papo owner' and datname = current_database()",
  );
  await ended;
});

test('the first start makes a durable database that listens on a private socket only', async t => {
  const scene = await Scene.open(t);
  const { connection } = await scene.start();
  const settings = [
    'fsync',
    'synchronous_commit',
    'full_page_writes',
    'data_checksums',
    'listen_addresses',
    'TimeZone',
  ];
  const [row] = await ask(
    connection,
    `select current_database() as database, pg_encoding_to_char(encoding) as encoding,
       array[${settings.map(name => `current_setting('${name}')`)}] as settings
     from pg_database where datname = current_database()`,
  );
  assert.deepEqual(row, {
    database: 'papo',
    encoding: 'UTF8',
    settings: ['on', 'on', 'on', 'on', '', 'UTC'],
  });
  assert.equal((await stat(String(connection.host))).mode & 0o777, 0o700);
});

test('text sorts by code point, and upper case knows more than ASCII', async t => {
  const scene = await Scene.withDatabase(t);
  const { connection } = await scene.start();
  const [row] = await ask(
    connection,
    `select upper('bate-papo às nove') as upper,
       (select string_agg(word, ' ' order by word) from unnest(array['é', 'z', 'a', 'B']) as word) as sorted`,
  );
  assert.deepEqual(row, { upper: 'BATE-PAPO ÀS NOVE', sorted: 'B a z é' });
});

test('the password is random, in a file only its owner reads, and asked for', async t => {
  const scene = await Scene.open(t);
  const { connection } = await scene.start();
  const file = join(scene.dataDir, 'postgres', 'password');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readFile(file, 'utf8'), connection.password);
  assert.ok(String(connection.password).length >= 32);
  for (const password of ['password', 'postgres', '']) {
    await assert.rejects(ask({ ...connection, password }, 'select 1'), /password/);
  }
});

test('a stop ends PostgreSQL before it resolves, and may be asked for twice', async t => {
  const scene = await Scene.withDatabase(t);
  const embedded = await scene.start();
  const pid = await scene.postmasterPid();
  assert.ok(await isRunning(pid));
  await Promise.all([embedded.stop(), embedded.stop()]);
  assert.equal(await isRunning(pid), false);
  await assert.rejects(ask(embedded.connection, 'select 1'));
});

test('a restart keeps the data', async t => {
  const scene = await Scene.withDatabase(t);
  const first = await scene.start();
  await ask(first.connection, remember);
  await first.stop();
  const second = await scene.start();
  assert.deepEqual(await ask(second.connection, recall), remembered);
});

test('a start that is given up leaves nothing running', async t => {
  const scene = await Scene.withDatabase(t);
  const tooLate = new AbortController();
  tooLate.abort(new Error('changed my mind'));
  await assert.rejects(scene.start({ signal: tooLate.signal }), /changed my mind/);
  await assert.rejects(scene.postmasterPid(), { code: 'ENOENT' });
  await scene.start();
});

test('a kill in the middle of making the database leaves nothing half made', async t => {
  const scene = await Scene.open(t);
  const unfinished = async () => {
    const names = await readdir(scene.dataDir).catch(() => []);
    return names.some(name => name.startsWith('postgres.new-'));
  };
  const server = scene.spawn();
  // Asked without a pause: on a fast machine it is done soon.
  while (!(await unfinished())) await nextTurn();
  await server.kill();
  assert.deepEqual(await readdir(scene.dataDir).then(names => names.includes('postgres')), false);
  const { connection } = await scene.start();
  await ask(connection, 'select 1');
  assert.equal(await unfinished(), false);
});

test('a PostgreSQL left behind by a killed server is stopped and started afresh', async t => {
  const scene = await Scene.withDatabase(t);
  const server = await scene.spawnUp();
  await ask(server.connection, remember);
  const orphan = await scene.postmasterPid();
  await server.kill();
  assert.ok(await isRunning(orphan), 'it outlives its server');
  const { connection } = await scene.start();
  assert.equal(await isRunning(orphan), false);
  assert.notEqual(await scene.postmasterPid(), orphan);
  assert.deepEqual(await ask(connection, recall), remembered);
});

test('a PostgreSQL left behind that lets nobody in is stopped too', async t => {
  const scene = await Scene.withDatabase(t);
  const server = await scene.spawnUp();
  await ask(server.connection, remember);
  const orphan = await scene.postmasterPid();
  await server.kill();
  const socket = String(server.connection.host);
  for (const name of await readdir(socket)) await unlink(join(socket, name));
  const { connection } = await scene.start();
  assert.equal(await isRunning(orphan), false);
  assert.deepEqual(await ask(connection, recall), remembered);
});

test('a PostgreSQL left behind that is still recovering is stopped without waiting for it', async t => {
  const scene = await Scene.withDatabase(t);
  const data = join(scene.dataDir, 'postgres', 'data');
  const socket = join(scene.dataDir, 'postgres', 'socket');
  const { uid, gid } = await stat(data);
  // A standby that lets nobody in recovers for ever.
  await writeFile(join(data, 'standby.signal'), '');
  const settings = ['listen_addresses=', `unix_socket_directories=${socket}`, 'hot_standby=off'];
  const orphan = spawn(
    join((await findBinaries()).bin, 'postgres'),
    ['-D', data, ...settings.flatMap(setting => ['-c', setting])],
    { ...(asRoot && { uid, gid }), cwd: '/', detached: true, stdio: 'ignore' },
  );
  const ended = once(orphan, 'exit');
  const stranger = { host: socket, user: 'papo', password: 'unknown' };
  await eventually('it answers', () => ask(stranger, '').catch(error => error.code === '57P03'));
  await unlink(join(data, 'standby.signal'));
  await scene.start();
  assert.deepEqual(await ended, [0, null], 'it was stopped fast');
});

test('a PostgreSQL left behind is not touched while another papo holds its claim', async t => {
  const scene = await Scene.withDatabase(t);
  const server = await scene.spawnUp();
  const orphan = await scene.postmasterPid();
  await server.kill();
  const other = await eventually('the killed claim is free', () => claimDatabase(server.connection));
  await assert.rejects(scene.start(), anotherServer);
  assert.equal((await other.query('select 1')).rowCount, 1);
  assert.equal(await scene.postmasterPid(), orphan);
  await other.end();
  await scene.start();
  assert.equal(await isRunning(orphan), false);
});

test('a second server on the same directory is refused, with its path, and the first goes on', async t => {
  const scene = await Scene.withDatabase(t);
  const server = await scene.spawnUp();
  const client = new pg.Client(server.connection);
  await client.connect();
  const pid = await scene.postmasterPid();
  await assert.rejects(scene.start(), error => {
    assert.match(String(error), anotherServer);
    return String(error).includes(scene.dataDir);
  });
  assert.equal((await client.query('select 1')).rowCount, 1);
  assert.equal(await scene.postmasterPid(), pid);
  await client.end();
});

test('a second server is refused also while the first has its PostgreSQL down', async t => {
  const scene = await Scene.withDatabase(t);
  const server = await scene.spawnUp();
  process.kill(await scene.postmasterPid(), 'SIGKILL');
  await assert.rejects(scene.start(), anotherServer);
  await eventually('it is up again', () => ask(server.connection, 'select 1').catch(() => undefined));
});

test('of servers that start at the same instant on an empty directory, exactly one wins', async t => {
  const scene = await Scene.open(t);
  const servers = [scene.spawn(), scene.spawn(), scene.spawn()];
  const reports = await Promise.all(servers.map(server => server.started));
  const [winner, ...more] = reports.filter(report => 'connection' in report);
  assert.ok(winner);
  assert.equal(more.length, 0);
  for (const report of reports) if ('error' in report) assert.match(report.error, anotherServer);
  await ask(winner.connection, 'select 1');
});

test('[G1] PostgreSQL killed under the server comes back with everything that was committed', async t => {
  const scene = await Scene.withDatabase(t);
  const { connection } = await scene.start();
  await ask(connection, remember);
  const killed = await scene.postmasterPid();
  process.kill(killed, 'SIGKILL');
  // Between the old file and the new one there is none for a moment.
  const running = () => scene.postmasterPid().catch(() => killed);
  await eventually('another one runs', async () => (await running()) !== killed);
  const rows = await eventually('it lets us in', () => ask(connection, recall).catch(() => undefined));
  assert.deepEqual(rows, remembered);
});

test('a start waits for the last processes of a killed PostgreSQL', async t => {
  const scene = await Scene.withDatabase(t);
  const server = await scene.spawnUp();
  const session = new pg.Client(server.connection);
  session.on('error', () => {});
  await session.connect();
  const { rows } = await session.query('select pg_backend_pid() as pid');
  const survivor: number = rows[0].pid;
  // Frozen, it can't notice that the others are gone.
  process.kill(survivor, 'SIGSTOP');
  try {
    const postmaster = await scene.postmasterPid();
    await server.kill();
    process.kill(postmaster, 'SIGKILL');
    const starting = scene.start();
    starting.catch(() => {});
    await eventually('it waits', () => scene.log.some(line => /still ending/.test(line)));
    process.kill(survivor, 'SIGCONT');
    await ask((await starting).connection, 'select 1');
  } finally {
    if (await isRunning(survivor)) process.kill(survivor, 'SIGKILL');
  }
});

test('a process id in an old postmaster.pid that is somebody else by now doesn’t confuse a start', async t => {
  const scene = await Scene.withDatabase(t);
  const data = join(scene.dataDir, 'postgres', 'data');
  const { uid, gid } = await stat(data);
  // PostgreSQL minds only processes of its own user.
  const bystander = spawn('sleep', ['600'], { uid, gid });
  atEnd(t, () => bystander.kill());
  const pidFile = join(data, 'postmaster.pid');
  const lines = [
    bystander.pid,
    data,
    1_700_000_000,
    5432,
    join(scene.dataDir, 'postgres', 'socket'),
    '',
    '1 1',
    'ready',
  ];
  await writeFile(pidFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  await chown(pidFile, uid, gid);
  await scene.start();
  assert.equal(bystander.exitCode, null);
  assert.equal(bystander.signalCode, null);
});

test('a Ctrl-C in the terminal reaches the server, not its PostgreSQL', async t => {
  const scene = await Scene.withDatabase(t);
  const server = await scene.spawnUp();
  const pid = await scene.postmasterPid();
  const session = new pg.Client(server.connection);
  await session.connect();
  // What a terminal does: it signals the whole process group.
  process.kill(-server.pid, 'SIGINT');
  assert.ok(process.kill(-pid, 0), 'it leads a group of its own');
  assert.equal((await session.query('select 1')).rowCount, 1);
  assert.equal(await scene.postmasterPid(), pid);
  await session.end();
});

test('a PostgreSQL that keeps going down is given up after ten attempts, and the server hears of it', async () => {
  const pauses: number[] = [];
  const down = { ended: Promise.resolve('exit code 1'), stop: async () => {} };
  const error = await new Promise<Error>(resolve => {
    new Supervisor({
      postmaster: down,
      launch: () => (pauses.length % 2 ? Promise.resolve(down) : Promise.reject(new Error('out of memory'))),
      log: silent,
      onGaveUp: resolve,
      pause: async ms => void pauses.push(ms),
    });
  });
  assert.match(error.message, /exit code 1/);
  assert.match(String(error.cause), /out of memory/);
  assert.equal(pauses.length, 10);
  assert.deepEqual(pauses.slice(0, 3), [50, 100, 200]);
  assert.equal(Math.max(...pauses), 5_000);
});

test('a stop while PostgreSQL is being restarted leaves none behind', async () => {
  const stopped: string[] = [];
  const launched = Promise.withResolvers<void>();
  const supervisor = new Supervisor({
    postmaster: { ended: Promise.resolve('SIGKILL'), stop: async () => {} },
    launch: async () => {
      launched.resolve();
      await nextTurn();
      return { ended: new Promise(() => {}), stop: async () => void stopped.push('the new one') };
    },
    log: silent,
    onGaveUp: assert.fail,
    pause: async () => {},
  });
  await launched.promise;
  await within('it stops', supervisor.stop());
  assert.deepEqual(stopped, ['the new one']);
});

test('data of another major version say which, and what to do', async t => {
  const scene = await Scene.open(t);
  const binaries = await findPostgres15();
  await (await scene.start({ binaries })).stop();
  await assert.rejects(scene.start(), error => {
    assert.match(String(error), /made by PostgreSQL 15, papo's own is PostgreSQL 18/);
    assert.match(String(error), /DATABASE_URL/);
    return true;
  });
});

test('PostgreSQL 15 serves as well', async t => {
  const scene = await Scene.open(t);
  const binaries = await findPostgres15();
  const first = await scene.start({ binaries });
  const [row] = await ask(
    first.connection,
    "select current_setting('server_version_num')::int / 10000 as major",
  );
  assert.deepEqual(row, { major: 15 });
  await ask(first.connection, remember);
  await first.stop();
  const second = await scene.start({ binaries });
  assert.deepEqual(await ask(second.connection, recall), remembered);
});

test('programs that are missing, or don’t run, are reported with the way out', async t => {
  const scene = await Scene.open(t);
  await assert.rejects(scene.start({ binaries: '/nowhere/bin' }), /set DATABASE_URL/);
});

test('a PostgreSQL that doesn’t come up says why, in its own words', async t => {
  const scene = await Scene.withDatabase(t);
  await appendFile(join(scene.dataDir, 'postgres', 'data', 'postgresql.conf'), '\nshared_buffers = a lot\n');
  await assert.rejects(scene.start(), /postgres\.log:\n.*syntax error/s);
});

test('a lost password file is reported by its name', async t => {
  const scene = await Scene.withDatabase(t);
  const file = join(scene.dataDir, 'postgres', 'password');
  await writeFile(file, 'wrong');
  await assert.rejects(scene.start(), /password kept in .* isn't the database's/);
  await unlink(file);
  await assert.rejects(scene.start(), error => String(error).includes(file));
});

test('a PostgreSQL that comes up but lacks something is reported at once', async t => {
  const scene = await Scene.withDatabase(t);
  const { connection, stop } = await scene.start();
  await ask(connection, 'drop database postgres');
  await stop();
  await assert.rejects(scene.start(), /PostgreSQL is up, but says: database "postgres" does not exist/);
  await assert.rejects(scene.postmasterPid(), { code: 'ENOENT' });
});

test('the log of PostgreSQL doesn’t grow for ever', async t => {
  const scene = await Scene.withDatabase(t);
  const file = join(scene.dataDir, 'postgres', 'postgres.log');
  await appendFile(file, 'x'.repeat(5 * 1024 * 1024));
  await scene.start();
  assert.ok((await stat(file)).size < 100_000);
});

test('a data directory with a long path keeps its socket elsewhere, and takes it away again', async t => {
  const scene = await Scene.open(t);
  const dataDir = join(scene.dir, 'a-long-way-down-'.repeat(6), 'data');
  await mkdir(dirname(dataDir));
  const server = await scene.spawnUp({ dataDir });
  const sockets = [String(server.connection.host)];
  await server.kill();
  const embedded = await scene.start({ dataDir });
  sockets.push(String(embedded.connection.host));
  for (const socket of sockets) assert.ok(!socket.startsWith(scene.dir) && socket.length < 90, socket);
  assert.equal((await stat(String(embedded.connection.host))).mode & 0o777, 0o700);
  await ask(embedded.connection, 'select 1');
  await embedded.stop();
  for (const socket of sockets) await assert.rejects(stat(socket), { code: 'ENOENT' });
});

test('the programs work also when npm was not allowed to run their install script', async t => {
  const scene = await Scene.open(t);
  const native = join(scene.dir, 'native');
  const { bin } = await findBinaries();
  const isNoLink = async (path: string) => !(await lstat(path)).isSymbolicLink();
  await cp(dirname(bin), native, { recursive: true, filter: isNoLink });
  const { connection } = await scene.start({ binaries: join(native, 'bin') });
  await ask(connection, 'select 1');
});

test('an ordinary user runs it as themselves, in folders only they can enter', async t => {
  const user = asRoot ? nobody : undefined;
  if (user && !(await canRunTests(user))) return t.skip('nobody can read this checkout');
  const scene = await Scene.open(t);
  const own = join(scene.dir, 'own');
  await mkdir(own, { mode: 0o700 });
  if (user) await chown(own, user.uid, user.gid);
  const dataDir = join(own, 'data');
  const first = await scene.spawnUp({ dataDir }, user);
  await ask(first.connection, remember);
  await first.end();
  const second = await scene.spawnUp({ dataDir }, user);
  assert.deepEqual(await ask(second.connection, recall), remembered);
  assert.equal((await stat(join(dataDir, 'postgres', 'data'))).uid, user?.uid ?? process.getuid?.());
  assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
});

const onlyRoot = { skip: asRoot ? false : 'only root has a choice of users' };

test('started by root, PostgreSQL runs as the user who owns the data', onlyRoot, async t => {
  const scene = await Scene.withDatabase(t);
  const first = await scene.start();
  const data = join(scene.dataDir, 'postgres', 'data');
  assert.notEqual((await stat(data)).uid, 0);
  await first.stop();
  // Restored by `cp`, say: they belong to root now, who can't run PostgreSQL.
  for (const name of ['', ...(await readdir(data, { recursive: true }))])
    await lchown(join(data, name), 0, 0);
  await (await scene.start()).stop();
  for (const name of ['', ...(await readdir(data, { recursive: true }))]) {
    await lchown(join(data, name), nobody.uid, nobody.gid);
  }
  await scene.start();
  assert.equal((await stat(`/proc/${await scene.postmasterPid()}`)).uid, nobody.uid);
});

test(
  'started by root where the other user can’t go, programs and data go to a place of the system',
  onlyRoot,
  async t => {
    const scene = await Scene.open(t);
    const closed = join(scene.dir, 'closed');
    const binaries = join(closed, 'native', 'bin');
    await mkdir(closed, { mode: 0o700 });
    await cp(dirname((await findBinaries()).bin), dirname(binaries), {
      recursive: true,
      verbatimSymlinks: true,
    });
    const options = { dataDir: join(closed, 'data'), binaries };
    const first = await scene.start(options);
    const system = join(scene.dir, 'system');
    assert.ok(
      scene.log.some(line => line.includes(system)),
      'the log says where',
    );
    assert.ok(String(first.connection.host).startsWith(join(system, 'data-')));
    const programs = (await readdir(system)).find(name => name.startsWith('postgres-'));
    const pid = await eventually('its process', async () => {
      const [home] = (await readdir(system)).filter(name => name.startsWith('data-'));
      return home && scene.postmasterPid(join(system, home));
    });
    assert.equal(await readlink(`/proc/${pid}/exe`), join(system, String(programs), 'bin', 'postgres'));
    await ask(first.connection, remember);

    const neighbour = await scene.start({ dataDir: join(closed, 'other', 'data'), binaries });
    assert.notEqual(neighbour.connection.host, first.connection.host);

    await first.stop();
    await chmod(closed, 0o755);
    const second = await scene.start(options);
    assert.deepEqual(
      await ask(second.connection, recall),
      remembered,
      'the way being open now, it stays with its data',
    );
  },
);

test('data that can’t be reached any more are not replaced by an empty database', onlyRoot, async t => {
  const scene = await Scene.withDatabase(t);
  await chmod(scene.dataDir, 0o700);
  await assert.rejects(scene.start(), /can't reach the database in .*chmod o\+x/);
});

test('an ordinary user who starts it on root’s data is told so', onlyRoot, async t => {
  if (!(await canRunTests(nobody))) return t.skip('nobody can read this checkout');
  const scene = await Scene.open(t);
  await (await scene.start()).stop();
  assert.match(await errorOf({}), /belongs to user id \d+, papo runs as user id 65534/);

  const closed = join(scene.dir, 'closed');
  await mkdir(closed, { mode: 0o700 });
  await (await scene.start({ dataDir: join(closed, 'data') })).stop();
  await chown(closed, nobody.uid, nobody.gid);
  await chown(join(closed, 'data'), nobody.uid, nobody.gid);
  assert.match(await errorOf({ dataDir: join(closed, 'data') }), /was made by root and lives in/);
  assert.match(await errorOf({ dataDir: join(scene.dir, 'not-mine', 'data') }), /can't make/);

  async function errorOf(options: { dataDir?: string }): Promise<string> {
    const report = await scene.spawn(options, nobody).started;
    return 'error' in report ? report.error : 'no error';
  }
});

async function canRunTests(user: { uid: number; gid: number }): Promise<boolean> {
  const thisFile = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ['--check', thisFile], { ...user, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  return code === 0;
}
