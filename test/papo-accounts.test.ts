/** `papo user` and `papo room`: accounts and rooms from the command line, while a server runs and while none does. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { readPassword } from '../src/cli/password.ts';
import type { Account, Grant, RoomInfo } from '../src/contract/objects.ts';
import { administratorsOf, onDatabase } from './support/administration.ts';
import { atEnd } from './support/at-end.ts';
import { emptyDatabase } from './support/backups.ts';
import { Scene } from './support/embedded-scene.ts';
import { type Outcome, papo } from './support/papo.ts';
import { password, register, request, TestSocket } from './support/people.ts';
import { ownServer, spawnServer } from './support/server.ts';

/** A server, and the command line on its database. */
async function scene(t: TestContext) {
  const server = await ownServer(t);
  const run = async (line: string, input = '', expected = 0): Promise<Outcome> => {
    const outcome = await papo(line.split(' '), { DATABASE_URL: server.databaseUrl }, undefined, input);
    assert.equal(outcome.code, expected, `papo ${line}: ${outcome.complaint}`);
    return outcome;
  };
  const signIn = (username: string, withPassword = password) =>
    request<Grant>(server.url, 'POST', '/login', { body: { username, password: withPassword } });
  return { server, run, signIn };
}

const linesOf = <Row>({ out }: Outcome): Row[] => out.split('\n').map(line => JSON.parse(line));

test('an account that is made can sign in, and is in the default rooms', async t => {
  const { server, run, signIn } = await scene(t);
  const made = await run(
    'user create Ana --administrator --display-name Aninha --json',
    `${password}\r\nnot read\n`,
  );
  const { user, administrator } = JSON.parse(made.out);
  assert.deepEqual([user.username, user.displayName, administrator], ['ana', 'Aninha', true]);
  assert.deepEqual(await administratorsOf(server), ['ana']);
  const { token } = (await signIn('ana')).body;
  const { body } = await request<{ rooms: { name: string }[] }>(server.url, 'GET', '/rooms', { token });
  assert.deepEqual(
    body.rooms.map(({ name }) => name),
    ['general'],
  );
  assert.match((await run('user create ana', password, 1)).complaint, /^papo: Username taken$/);
});

test('what can be no name, password, room or topic is a misuse, and makes nothing', async t => {
  const { server, run } = await scene(t);
  await run('user create a', password, 2);
  await run('user create ana', 'short\n', 2);
  assert.match((await run('user create ana', '\n', 1)).complaint, /no password came on standard input/);
  assert.match((await run('user create ana', 'x'.repeat(5_000), 2)).complaint, /password/);
  await run(`room create ${'x'.repeat(81)}`, '', 2);
  assert.match(
    (await run('room create secrets --private', '', 2)).complaint,
    /a private room needs an owner/,
  );
  const { rows } = await onDatabase(
    server.databaseUrl,
    'select (select count(*) from users) + (select count(*) from rooms) as n',
  );
  assert.equal(Number(rows[0].n), 1, 'but for general');
});

test('accounts are listed, all or by the beginning of a name, for people and for scripts', async t => {
  const { server, run } = await scene(t);
  for (let number = 100; number < 205; number += 1) {
    const statement =
      'insert into users (id, username, display_name, password_hash) values (gen_random_uuid(), $1, $2, $3)';
    await onDatabase(server.databaseUrl, statement, [`user${number}`, `N${number}\u202e`, 'none']);
  }
  await run('user promote user107');
  await run('user disable user108');
  const accounts = linesOf<Account>(await run('user list --json'));
  assert.equal(accounts.length, 105);
  assert.ok(accounts.every(({ user }, index) => user.username === `user${100 + index}`));
  assert.deepEqual(
    accounts.filter(({ administrator }) => administrator).map(({ user }) => user.username),
    ['user107'],
  );
  assert.deepEqual(
    accounts.filter(({ disabledAt }) => disabledAt).map(({ user }) => user.username),
    ['user108'],
  );
  const { out } = await run('user list user10');
  assert.equal(out.split('\n').length, 10);
  assert.match(out, /user107 .*administrator/);
  assert.match(out, /user108 .*disabled since 20/);
  assert.ok(!out.includes('\u202e'));
  assert.equal((await run('user list nobody')).out, '');
});

test('who is disabled is signed out and can not come back until enabled', async t => {
  const { server, run, signIn } = await scene(t);
  const bruno = await register(server.url, 'bruno');
  const socket = await TestSocket.live(server.url, bruno.token);
  assert.equal((await run('user disable bruno')).out, "bruno can't sign in any more");
  assert.equal((await socket.closed).code, 4501);
  assert.equal((await signIn('bruno')).status, 403);
  await run('user enable bruno');
  assert.equal((await signIn('bruno')).status, 200);
  assert.match((await run('user disable nobody', '', 1)).complaint, /^papo: there is no user nobody$/);
});

test('another password ends all logins', async t => {
  const { server, run, signIn } = await scene(t);
  const bruno = await register(server.url, 'bruno');
  const socket = await TestSocket.open(server.url, bruno.token);
  await run('user password bruno', 'short', 2);
  await run('user password bruno', 'battery staple');
  assert.equal((await socket.closed).code, 4501);
  assert.equal((await signIn('bruno')).status, 401);
  assert.equal((await signIn('bruno', 'battery staple')).status, 200);
});

test('signing somebody out ends all their logins, and lets them come back', async t => {
  const { server, run, signIn } = await scene(t);
  const sockets = [await register(server.url, 'bruno'), (await signIn('bruno')).body].map(
    ({ token }) => new TestSocket(server.url, token),
  );
  for (const socket of sockets) await socket.until(() => socket.hello !== undefined);
  assert.match((await run('user logout bruno')).out, /logins: 2/);
  for (const socket of sockets) assert.equal((await socket.closed).code, 4501);
  assert.equal((await signIn('bruno')).status, 200);
});

test('administrators are made and unmade; who unmakes the last one is told', async t => {
  const { server, run } = await scene(t);
  for (const name of ['ana', 'bruno']) await register(server.url, name);
  for (const name of ['ana', 'bruno']) await run(`user promote ${name}`);
  assert.deepEqual(await administratorsOf(server), ['ana', 'bruno']);
  assert.equal((await run('user demote bruno')).complaint, '');
  assert.match((await run('user demote ana')).complaint, /^Nobody is an administrator now/);
  assert.deepEqual(await administratorsOf(server), []);
});

test('a room that is made is listed, and its owner’s connections know it after their next sync', async t => {
  const { server, run } = await scene(t);
  const ana = await register(server.url, 'ana');
  const socket = await TestSocket.live(server.url, ana.token);
  const made = JSON.parse((await run('room create plans --private --owner ana --topic next --json')).out);
  const { rooms } = await socket.call('sync', {});
  const plans = rooms.map(({ room }) => room).find(({ id }) => id === made.id);
  assert.deepEqual(
    [plans?.kind, plans?.name, plans?.topic, plans?.role],
    ['private', 'plans', 'next', 'owner'],
  );
  // It is as alive as any other.
  const id = '019ced10-7a00-7000-8000-0000000000f1';
  await socket.call('message.send', { room: made.id, id, text: 'hello' });
  await socket.until(() => socket.texts(made.id).length === 1);

  const lobby = JSON.parse((await run('room create Lobby --json')).out);
  assert.match((await run('room create LOBBY', '', 1)).complaint, /^papo: Room name taken$/);
  assert.equal((await socket.call('room.join', { room: lobby.id })).room.memberCount, 1);
  const listed = linesOf<RoomInfo>(await run('room list --json'));
  assert.deepEqual(
    listed.map(({ name, kind, lastSeq }) => [name, kind, lastSeq]),
    [
      ['general', 'public', 0],
      ['plans', 'private', 1],
      ['Lobby', 'public', 0],
    ],
  );
  assert.match(
    (await run('room list')).out,
    new RegExp(`^${made.id}  private  plans  \\(members: 1, messages: 1\\)$`, 'm'),
  );
});

test('a database that papo hasn’t prepared is left alone', async t => {
  const { url } = await emptyDatabase(t);
  const { code, complaint } = await papo(['user', 'list'], { DATABASE_URL: url });
  assert.deepEqual(
    [code, complaint],
    [1, 'papo: The database is of an older papo, or new: start the server, or run "papo migrate up".'],
  );
});

test('papo’s own database is worked on while its server runs, and while it doesn’t', async t => {
  const { dataDir } = await Scene.withDatabase(t);
  const embedded = { PAPO_DATA_DIR: dataDir };
  assert.equal((await papo(['migrate', 'up'], embedded)).code, 0);
  const created = await papo(['user', 'create', 'ana', '--administrator'], embedded, undefined, password);
  assert.equal(created.code, 0, created.complaint);
  const server = await spawnServer(embedded);
  atEnd(t, () => server.end('SIGTERM'));
  const body = { username: 'ana', password };
  const ana = await request<Grant>(server.url, 'POST', '/login', { body });
  const socket = await TestSocket.open(server.url, ana.body.token);
  const ended = await papo(['user', 'logout', 'ana'], embedded);
  assert.equal(ended.code, 0, ended.complaint);
  assert.equal((await socket.closed).code, 4501);
});

/** A terminal on which somebody answers each question. */
function typing(...answers: string[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const screen = Object.assign(new PassThrough(), { isTTY: true });
  let shown = '';
  screen.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (text.endsWith(': ')) input.write(`${answers.shift()}\n`);
  });
  return { input, screen, shown: () => shown };
}

test('a password is asked for twice on a terminal, and never shown', async () => {
  const { input, screen, shown } = typing(password, password);
  assert.equal(await readPassword('ana', input, screen), password);
  assert.match(shown(), /New password for ana: \n.*once more: \n/s);
  assert.ok(!shown().includes(password));
  const other = typing(password, 'wrong horse');
  await assert.rejects(readPassword('ana', other.input, other.screen), /two different passwords/);
  const none = typing('');
  await assert.rejects(readPassword('ana', none.input, none.screen), /no password was typed/);
});
