/** How somebody becomes the first administrator: by the code in the log, or named by the environment. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, readConfig as read } from '../src/server/config.ts';
import { explainSettings } from '../src/server/settings/explain.ts';
import type { Values } from '../src/server/settings/sources.ts';
import { administratorsOf, onDatabase, registerAdministrator } from './support/administration.ts';
import { atEnd } from './support/at-end.ts';
import { emptyDatabase, scratchFolder } from './support/backups.ts';
import { password, register, request } from './support/people.ts';
import { ownServer, spawnServer, startServer, type TestServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

const readConfig = (environment: Values) => read({ environment });

async function claim(
  { url }: Pick<TestServer, 'url'>,
  { token }: { token: string },
  code: string | undefined,
) {
  const { status, body } = await request<{ code?: string; detail?: string } | ''>(
    url,
    'POST',
    '/administrator',
    {
      token,
      body: { code },
    },
  );
  return [status, ...(body === '' ? [] : [body.code, body.detail])];
}

const codeOf = ({ claimUrl }: Pick<TestServer, 'claimUrl'>) => claimUrl?.split('#')[1];
const notGood = [403, 'forbidden', 'this code is not good, or not any more'];

test('[ADMIN-5] the code makes the first who sends it an administrator, and nobody after', async t => {
  const server = await ownServer(t);
  const [ana, bruno] = [await register(server.url, 'ana'), await register(server.url, 'bruno')];
  assert.equal(server.claimUrl?.split('#')[0], `${server.url}/administrator`);
  const code = codeOf(server) ?? '';
  // At least 128 bits, and none of them seen twice.
  assert.ok(Buffer.from(code, 'base64url').length >= 16);
  const changed = `${code.startsWith('A') ? 'B' : 'A'}${code.slice(1)}`;
  for (const other of ['', 'x', code.slice(1), `${code}x`, changed, code.toLowerCase()]) {
    assert.deepEqual(await claim(server, bruno, other), notGood, other);
  }
  assert.deepEqual(await administratorsOf(server), []);
  assert.deepEqual(await claim(server, ana, code), [204]);
  assert.deepEqual(await administratorsOf(server), ['ana']);
  for (const grant of [ana, bruno]) assert.deepEqual(await claim(server, grant, code), notGood);
  // Also when there is no administrator again: a new start makes a new code.
  await onDatabase(server.databaseUrl, 'update users set administrator = false');
  assert.deepEqual(await claim(server, bruno, code), notGood);
});

test('[ADMIN-5] of two who send it at once one becomes an administrator', async t => {
  for (let round = 0; round < 3; round += 1) {
    const server = await ownServer(t);
    const grants = await Promise.all(['ana', 'bruno', 'carla'].map(name => register(server.url, name)));
    const answers = await Promise.all(grants.map(grant => claim(server, grant, codeOf(server))));
    assert.deepEqual(answers.map(([status]) => status).sort(), [204, 403, 403]);
    assert.equal((await administratorsOf(server)).length, 1);
  }
});

test('[ADMIN-5] the code is worth nothing once somebody was made an administrator in another way', async t => {
  const server = await ownServer(t);
  const bruno = await register(server.url, 'bruno');
  await registerAdministrator(server, 'ana');
  assert.deepEqual(await claim(server, bruno, codeOf(server)), notGood);
  assert.deepEqual(await administratorsOf(server), ['ana']);
});

test('where there is an administrator who can sign in, no start makes a code', async t => {
  const database = await emptyDatabase(t);
  const starts: (string | undefined)[] = [];
  for (const before of [
    '',
    'update users set administrator = true',
    'update users set disabled_at = now()',
  ]) {
    if (before !== '') await onDatabase(database.url, before);
    const server = await startServer({}, database.url);
    if (before === '') await register(server.url, 'ana');
    starts.push(codeOf(server));
    await server.close();
  }
  const [first, second, third] = starts;
  assert.equal(second, undefined);
  assert.ok(first !== undefined && third !== undefined && first !== third);
});

test('the log says after the start, once, how to become the first administrator', async t => {
  const database = await emptyDatabase(t);
  const server = await spawnServer({ DATABASE_URL: database.url });
  atEnd(t, () => server.end('SIGTERM'));
  const says = () => server.output.filter(line => line.includes('/administrator#'));
  const [line = ''] = await eventually('the line comes', () => says().length > 0 && says());
  const [, code] = /\/administrator#([\w-]+) /.exec(line) ?? [];
  assert.match(line, /papo user promote NAME/);
  assert.ok(server.output.findIndex(each => each.includes('papo is ready')) < server.output.indexOf(line));
  const ana = await register(server.url, 'ana');
  assert.deepEqual(await claim(server, ana, code), [204]);
  assert.equal(await server.end('SIGTERM'), 0);
  assert.equal(says().length, 1);

  const again = await spawnServer({ DATABASE_URL: database.url });
  assert.equal(await again.end('SIGTERM'), 0);
  assert.ok(again.output.every(each => !each.includes('/administrator#')));
});

test('PAPO_ADMIN with a password makes the account where there is none, and later leaves its password alone', async t => {
  const [database, folder] = [await emptyDatabase(t), await scratchFolder(t)];
  const file = join(folder, 'password');
  await writeFile(file, `${password}\n`);
  const named = { PAPO_ADMIN: 'Root', PAPO_ADMIN_PASSWORD_FILE: file };
  const first = await startServer(named, database.url);
  assert.equal(first.claimUrl, undefined);
  assert.deepEqual(await administratorsOf(first), ['root']);
  const body = { username: 'root', password };
  const { status, body: grant } = await request<{ token: string }>(first.url, 'POST', '/login', { body });
  assert.equal(status, 200);
  const rooms = await request<{ rooms: { name: string }[] }>(first.url, 'GET', '/rooms', {
    token: grant.token,
  });
  assert.deepEqual(
    rooms.body.rooms.map(({ name }) => name),
    ['general'],
  );
  const change = { password, newPassword: 'battery staple' };
  assert.equal(
    (await request(first.url, 'PUT', '/me/password', { token: grant.token, body: change })).status,
    204,
  );
  await first.close();

  const second = await ownServer(t, named, database.url);
  assert.deepEqual(await administratorsOf(second), ['root']);
  assert.equal((await request(second.url, 'POST', '/login', { body })).status, 401);
});

test('PAPO_ADMIN promotes whoever is there; without a password, nobody there stops the start', async t => {
  const database = await emptyDatabase(t);
  await assert.rejects(
    startServer({ PAPO_ADMIN: 'ana' }, database.url),
    /PAPO_ADMIN: there is no user ana\. Set PAPO_ADMIN_PASSWORD/,
  );
  const before = await startServer({}, database.url);
  await register(before.url, 'ana');
  await before.close();
  const server = await ownServer(t, { PAPO_ADMIN: 'ana' }, database.url);
  assert.deepEqual(await administratorsOf(server), ['ana']);
});

test('who has registered the name before PAPO_ADMIN was to make it is not made an administrator', async t => {
  const database = await emptyDatabase(t);
  const before = await startServer({}, database.url);
  await register(before.url, 'root');
  await before.close();
  const server = await ownServer(
    t,
    { PAPO_ADMIN: 'root', PAPO_ADMIN_PASSWORD: 'battery staple' },
    database.url,
  );
  assert.deepEqual(await administratorsOf(server), []);
  assert.notEqual(server.claimUrl, undefined);
});

test('PAPO_ADMIN is a username, its password is one, and `papo config` shows neither password nor file’s content', async t => {
  const refusals: [Record<string, string>, RegExp][] = [
    [{ PAPO_ADMIN: 'A' }, /^Error: PAPO_ADMIN: /],
    [{ PAPO_ADMIN: 'ana', PAPO_ADMIN_PASSWORD: 'short' }, /^Error: PAPO_ADMIN_PASSWORD: /],
    [{ PAPO_ADMIN_PASSWORD: 'long enough' }, /^Error: PAPO_ADMIN_PASSWORD: PAPO_ADMIN must name whose it is/],
    [
      { PAPO_ADMIN: 'ana', PAPO_ADMIN_PASSWORD_FILE: '/nowhere' },
      /^Error: PAPO_ADMIN_PASSWORD_FILE: .*no such file/,
    ],
  ];
  for (const [environment, sentence] of refusals) assert.throws(() => readConfig(environment), sentence);
  assert.throws(() => readConfig({ PAPO_ADMIN_PASSWORD: 'long enough' }), ConfigError);
  const file = join(await scratchFolder(t), 'password');
  await writeFile(file, 'very secret\n');
  for (const given of [{ PAPO_ADMIN_PASSWORD: 'very secret' }, { PAPO_ADMIN_PASSWORD_FILE: file }]) {
    const environment = { PAPO_ADMIN: 'ANA', ...given };
    assert.deepEqual(readConfig(environment).administrator, { username: 'ana', password: 'very secret' });
    assert.ok(!JSON.stringify(explainSettings({ environment })).includes('very secret'));
  }
});
