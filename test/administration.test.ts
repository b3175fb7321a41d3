/** Rules of PROTOCOL.md on administrators, and on what people do with their own accounts. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Account, Grant } from '../src/contract/objects.ts';
import { type OperationDefinition, type OperationName, operations } from '../src/contract/operations.ts';
import { administratorsOf, onDatabase, registerAdministrator } from './support/administration.ts';
import { AnswerError, password, register, request, TestSocket } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';
import { httpRequest, requireOutput } from './support/strict.ts';

const limit = { timeout: 50_000 };

/** A server with an administrator, Ana, and somebody who isn't one, Bruno. */
async function scene(t: TestContext): Promise<{ server: TestServer; ana: Grant; bruno: Grant }> {
  const server = await startServer();
  t.after(() => server.close());
  const ana = await registerAdministrator(server, 'ana');
  return { server, ana, bruno: await register(server.url, 'bruno') };
}

type Asked = { status: number; code: string | undefined };

async function ask(
  { url }: TestServer,
  { token }: { token: string },
  method: string,
  path: string,
  body?: unknown,
): Promise<Asked> {
  const answer = await request<{ code?: string } | ''>(url, method, path, {
    token,
    ...(body !== undefined && { body }),
  });
  return { status: answer.status, code: answer.body === '' ? undefined : answer.body.code };
}

const done: Asked = { status: 204, code: undefined };
const forbidden: Asked = { status: 403, code: 'forbidden' };
const unauthorized: Asked = { status: 401, code: 'unauthorized' };
const wrong: Asked = { status: 401, code: 'invalid_credentials' };

const disabled = ({ user }: Grant) => `/admin/users/${user.id}/disabled`;
const administrator = ({ user }: Grant) => `/admin/users/${user.id}/administrator`;

async function signIn({ url }: TestServer, username: string, withPassword = password) {
  const body = { username, password: withPassword };
  return request<Grant & { code?: string; detail?: string }>(url, 'POST', '/login', { body });
}

test(
  '[ADMIN-1] everything for administrators is forbidden to others, by both doors, whatever the input',
  limit,
  async t => {
    const { server, bruno } = await scene(t);
    const socket = await TestSocket.open(server.url, bruno.token);
    const table = Object.entries<OperationDefinition>(operations);
    const ofAdministrators = table.filter(([, { caller }]) => caller === 'administrator');
    assert.equal(ofAdministrators.length, 6);
    for (const [name, { http }] of ofAdministrators) {
      assert.ok(http !== undefined);
      for (const user of [bruno.user.id, randomUUID(), 'nonsense']) {
        const input = { user, limit: 'nonsense' };
        const { method, path, body } = httpRequest(http, input);
        assert.deepEqual(await ask(server, bruno, method, path, body), forbidden, name);
        await assert.rejects(
          socket.call(name as OperationName, input as never),
          error => error instanceof AnswerError && error.code === 'forbidden',
          name,
        );
      }
    }
  },
);

test(
  '[ADMIN-1] who is demoted is no administrator any more, also on a connection that is open',
  limit,
  async t => {
    const { server, ana, bruno } = await scene(t);
    assert.deepEqual(await ask(server, ana, 'PUT', administrator(bruno)), done);
    const socket = await TestSocket.open(server.url, bruno.token);
    assert.deepEqual((await socket.call('account.list', {})).accounts.length, 2);
    assert.equal((await socket.call('account.me', {})).administrator, true);
    assert.deepEqual(await ask(server, ana, 'DELETE', administrator(bruno)), done);
    await assert.rejects(socket.call('account.list', {}), /forbidden/);
    assert.deepEqual(await socket.call('account.me', {}), { user: bruno.user });
  },
);

test('[ADMIN-2] disabling ends every login at once: tokens, refresh tokens and sockets', limit, async t => {
  const { server, ana, bruno } = await scene(t);
  const other = (await signIn(server, 'bruno')).body;
  const sockets = await Promise.all([bruno, other].map(({ token }) => TestSocket.live(server.url, token)));
  const [first] = sockets;
  const room = (await first?.call('room.list', {}))?.rooms[0]?.id ?? '';
  await first?.call('message.send', { room, id: randomUUID(), text: 'before' });

  assert.deepEqual(await ask(server, ana, 'PUT', disabled(bruno)), done);
  for (const socket of sockets) assert.equal((await socket.closed).code, 4501);
  for (const { token, refreshToken } of [bruno, other]) {
    assert.deepEqual(await ask(server, { token }, 'GET', '/me'), unauthorized);
    const { status } = await request(server.url, 'POST', '/refresh', { body: { refreshToken } });
    assert.equal(status, 401);
    const send = { id: randomUUID(), text: 'after' };
    assert.deepEqual(await ask(server, { token }, 'POST', `/rooms/${room}/messages`, send), unauthorized);
  }
  const reader = await TestSocket.open(server.url, ana.token);
  const { messages } = await reader.call('message.history', { room });
  assert.deepEqual(
    messages.map(({ text }) => text),
    ['before'],
  );
  const { members } = await reader.call('room.members', { room });
  assert.deepEqual(
    members.map(({ user }) => user.username),
    ['ana', 'bruno'],
  );
  // Once more changes nothing, and isn't refused.
  assert.deepEqual(await ask(server, ana, 'PUT', disabled(bruno)), done);
});

test(
  '[AUTH-12] others find who is disabled and write to them as before; it is there when they are enabled again',
  limit,
  async t => {
    const { server, ana, bruno } = await scene(t);
    assert.deepEqual(await ask(server, ana, 'PUT', disabled(bruno)), done);
    const socket = await TestSocket.live(server.url, ana.token);
    const { users } = await socket.call('user.find', { query: 'bruno' });
    assert.deepEqual(users, [bruno.user]);
    const { room } = await socket.call('direct.open', { user: bruno.user.id });
    await socket.call('message.send', { room: room.id, id: randomUUID(), text: 'until then' });
    assert.deepEqual(await ask(server, ana, 'DELETE', disabled(bruno)), done);
    const { body } = await signIn(server, 'bruno');
    const back = await TestSocket.live(server.url, body.token);
    const { messages } = await back.call('message.history', { room: room.id });
    assert.deepEqual(
      messages.map(({ text }) => text),
      ['until then'],
    );
    await Promise.all([socket.close(), back.close()]);
  },
);

test(
  '[AUTH-12] who has the password is told of the disabling, others see an account like every other',
  limit,
  async t => {
    const { server, ana, bruno } = await scene(t);
    const before = (await signIn(server, 'bruno', 'wrong horse')).body;
    await ask(server, ana, 'PUT', disabled(bruno));
    const { status, body } = await signIn(server, 'bruno');
    assert.deepEqual([status, body.code, body.detail], [403, 'forbidden', 'this account is disabled']);
    const { requestId: _one, ...after } = (await signIn(server, 'bruno', 'wrong horse')).body as Record<
      string,
      unknown
    >;
    const { requestId: _other, ...expected } = before as Record<string, unknown>;
    assert.deepEqual(after, expected);
    const taken = await request<{ code: string }>(server.url, 'POST', '/register', {
      body: { username: 'bruno', password },
    });
    assert.equal(taken.body.code, 'username_taken');
  },
);

test('a login that began before the disabling and comes after it is none', limit, async t => {
  const { server, ana, bruno } = await scene(t);
  const attempts = Promise.all(Array.from({ length: 10 }, () => signIn(server, 'bruno')));
  await ask(server, ana, 'PUT', disabled(bruno));
  for (const { status, body } of await attempts) {
    if (status === 200) assert.deepEqual(await ask(server, body, 'GET', '/me'), unauthorized);
  }
  const { rows } = await onDatabase(server.databaseUrl, 'select from logins where user_id = $1', [
    bruno.user.id,
  ]);
  assert.equal(rows.length, 0);
});

test('[ADMIN-3] who is enabled signs in again, and the logins from before stay ended', limit, async t => {
  const { server, ana, bruno } = await scene(t);
  await ask(server, ana, 'PUT', disabled(bruno));
  assert.deepEqual(await ask(server, ana, 'DELETE', disabled(bruno)), done);
  assert.equal((await signIn(server, 'bruno')).status, 200);
  assert.deepEqual(await ask(server, bruno, 'GET', '/me'), unauthorized);
});

test('[ADMIN-4] the last administrator neither disables nor demotes themselves', limit, async t => {
  const { server, ana, bruno } = await scene(t);
  // One who is disabled doesn't count.
  await ask(server, ana, 'PUT', administrator(bruno));
  await ask(server, ana, 'PUT', disabled(bruno));
  for (const [method, path] of [
    ['PUT', disabled(ana)],
    ['DELETE', administrator(ana)],
  ] as const) {
    const { status, body } = await request<{ detail: string }>(server.url, method, path, {
      token: ana.token,
    });
    assert.deepEqual(
      [status, body.detail],
      [403, 'one administrator must remain: make somebody else one first'],
    );
  }
  assert.deepEqual(await administratorsOf(server), ['ana']);
  assert.equal((await ask(server, ana, 'GET', '/me')).status, 200);
});

test(
  '[ADMIN-4] of two administrators who demote or disable each other at once one remains',
  limit,
  async t => {
    const { server, ana, bruno } = await scene(t);
    for (const path of [administrator, disabled]) {
      const method = path === disabled ? 'PUT' : 'DELETE';
      const back = 'update users set administrator = true, disabled_at = null';
      for (let round = 0; round < 5; round += 1) {
        await onDatabase(server.databaseUrl, back);
        const [one, other] = await Promise.all(
          ['ana', 'bruno'].map(async name => (await signIn(server, name)).body),
        );
        const answers = await Promise.all([
          ask(server, one as Grant, method, path(bruno)),
          ask(server, other as Grant, method, path(ana)),
        ]);
        assert.equal(answers.filter(({ status }) => status === 204).length, 1, JSON.stringify(answers));
        assert.equal((await administratorsOf(server)).length, 1);
      }
    }
  },
);

test('an administrator who disables themselves is answered first', limit, async t => {
  const { server, ana, bruno } = await scene(t);
  await ask(server, ana, 'PUT', administrator(bruno));
  const socket = await TestSocket.open(server.url, ana.token);
  assert.deepEqual(await socket.call('account.disable', { user: ana.user.id }), {});
  assert.equal((await socket.closed).code, 4501);
});

test('whom nobody knows can neither be seen, disabled nor promoted', limit, async t => {
  const { server, ana } = await scene(t);
  const nobody = { status: 404, code: 'not_found' };
  assert.deepEqual(await ask(server, ana, 'GET', `/admin/users/${randomUUID()}`), nobody);
  for (const [method, what] of [
    ['PUT', 'disabled'],
    ['DELETE', 'disabled'],
    ['PUT', 'administrator'],
    ['DELETE', 'administrator'],
  ] as const) {
    const answer = await ask(server, ana, method, `/admin/users/${randomUUID()}/${what}`);
    assert.deepEqual(answer, nobody);
  }
});

test('[ADMIN-6] accounts are listed page by page, each once, by username', limit, async t => {
  const { server, ana, bruno } = await scene(t);
  const names = ['a_b', 'a.b', 'a-b', 'ab0', 'zoe'];
  for (const name of names) await register(server.url, name);
  await ask(server, ana, 'PUT', disabled(bruno));
  const seen: Account[] = [];
  let cursor: string | undefined;
  do {
    const query = `limit=2${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body } = await request<{ accounts: Account[]; cursor?: string }>(
      server.url,
      'GET',
      `/admin/users?${query}`,
      {
        token: ana.token,
      },
    );
    requireOutput('account.list', body);
    seen.push(...body.accounts);
    cursor = body.cursor;
  } while (cursor !== undefined);
  assert.deepEqual(
    seen.map(({ user }) => user.username),
    [...names, 'ana', 'bruno'].sort(),
  );
  assert.deepEqual(
    seen
      .filter(({ user }) => ['ana', 'bruno'].includes(user.username))
      .map(account => [account.administrator, account.disabledAt !== undefined]),
    [
      [true, false],
      [false, true],
    ],
  );
  const found = await request<{ accounts: Account[] }>(server.url, 'GET', '/admin/users?query=A_', {
    token: ana.token,
  });
  assert.deepEqual(
    found.body.accounts.map(({ user }) => user.username),
    ['a_b'],
  );
});

test('[ADMIN-6] one account is as the list has it, and as it is after each change', limit, async t => {
  const { server, ana, bruno } = await scene(t);
  const path = `/admin/users/${bruno.user.id}`;
  const see = async (): Promise<Account> => {
    const { body } = await request<{ account: Account }>(server.url, 'GET', path, { token: ana.token });
    requireOutput('account.get', body);
    const { body: list } = await request<{ accounts: Account[] }>(server.url, 'GET', '/admin/users', ana);
    assert.deepEqual(
      body.account,
      list.accounts.find(({ user }) => user.id === bruno.user.id),
    );
    return body.account;
  };
  assert.deepEqual(await see(), { user: bruno.user, administrator: false });
  await ask(server, ana, 'PUT', administrator(bruno));
  assert.deepEqual(await see(), { user: bruno.user, administrator: true });
  await ask(server, ana, 'PUT', disabled(bruno));
  assert.match((await see()).disabledAt ?? '', /^\d{4}-/);
  await ask(server, ana, 'DELETE', disabled(bruno));
  await ask(server, ana, 'DELETE', administrator(bruno));
  assert.deepEqual(await see(), { user: bruno.user, administrator: false });
});

test('[AUTH-9] signing out everywhere ends all logins of the user, and nobody else’s', limit, async t => {
  const { server, ana, bruno } = await scene(t);
  const other = (await signIn(server, 'bruno')).body;
  const sockets = await Promise.all([bruno, other].map(({ token }) => TestSocket.open(server.url, token)));
  assert.deepEqual(await sockets[0]?.call('account.logout', { everywhere: true }), {});
  for (const socket of sockets) assert.equal((await socket.closed).code, 4501);
  for (const grant of [bruno, other]) assert.deepEqual(await ask(server, grant, 'GET', '/me'), unauthorized);
  assert.equal((await ask(server, ana, 'GET', '/me')).status, 200);
  const third = (await signIn(server, 'bruno')).body;
  assert.deepEqual(await ask(server, third, 'POST', '/logout', { everywhere: true }), done);
  assert.deepEqual(await ask(server, third, 'GET', '/me'), unauthorized);
});

test('[AUTH-11] a new password needs the old one, and ends the other logins', limit, async t => {
  const { server, bruno } = await scene(t);
  const other = (await signIn(server, 'bruno')).body;
  const [kept, ended] = await Promise.all(
    [bruno, other].map(({ token }) => TestSocket.open(server.url, token)),
  );
  const change = (old: string) =>
    ask(server, bruno, 'PUT', '/me/password', { password: old, newPassword: 'battery staple' });
  assert.deepEqual(await change('wrong horse'), wrong);
  assert.equal((await ask(server, other, 'GET', '/me')).status, 200);
  assert.deepEqual(await change(password), done);
  assert.equal((await ended?.closed)?.code, 4501);
  assert.deepEqual(await ask(server, other, 'GET', '/me'), unauthorized);
  assert.deepEqual((await kept?.call('account.me', {}))?.user, bruno.user);
  assert.equal((await signIn(server, 'bruno')).status, 401);
  assert.equal((await signIn(server, 'bruno', 'battery staple')).status, 200);
});

test(
  '[AUTH-11] of two new passwords at once one is the password, and both ways in with the old one are closed',
  limit,
  async t => {
    const { server, bruno } = await scene(t);
    const news = ['battery staple', 'staple battery'];
    const answers = await Promise.all([
      ...news.map(newPassword => ask(server, bruno, 'PUT', '/me/password', { password, newPassword })),
      signIn(server, 'bruno'),
    ]);
    assert.equal(answers.slice(0, 2).filter(({ status }) => status === 204).length, 1);
    const { rows } = await onDatabase(
      server.databaseUrl,
      'select l.id from logins l join users u on u.id = l.user_id where u.username = $1',
      ['bruno'],
    );
    assert.equal(rows.length, 1, 'only the login that asked goes on');
    assert.equal((await signIn(server, 'bruno')).status, 401);
  },
);

test('[AUTH-11] whoever sits at an open login guesses no faster than at the door', limit, async t => {
  const server = await startServer({ PAPO_RATE_LIMITS: 'on' });
  t.after(() => server.close());
  const bruno = await register(server.url, 'bruno');
  const guess = () =>
    ask(server, bruno, 'PUT', '/me/password', { password: 'wrong horse', newPassword: 'battery staple' });
  const answers: Asked[] = [];
  for (let attempt = 0; attempt < 11; attempt += 1) answers.push(await guess());
  assert.deepEqual(
    answers.slice(0, 10),
    Array.from({ length: 10 }, () => wrong),
  );
  assert.equal(answers[10]?.code, 'rate_limited');
  assert.equal((await signIn(server, 'bruno')).status, 429);
});
