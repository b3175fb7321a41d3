/** Rules of PROTOCOL.md on signing in: tokens, refresh tokens, and the logins they belong to. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Grant } from '../src/contract/objects.ts';
import { operations } from '../src/contract/operations.ts';
import { password, register, request, TestSocket } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

let people = 0;
const someone = () => {
  people += 1;
  return register(server.url, `person${people}`);
};

async function codeOf(answer: Promise<{ status: number; body: unknown }>) {
  const { status, body } = await answer;
  return [status, (body as { code?: string }).code];
}

const post = <Body = Grant>(path: string, body: unknown, token?: string) =>
  request<Body>(server.url, 'POST', path, { body, ...(token && { token }) });
const refresh = ({ refreshToken }: Grant) => post('/refresh', { refreshToken });
const me = ({ token }: { token: string }) => request(server.url, 'GET', '/me', { token });

test('[AUTH-1] every address but those for signing in answers 401 without a token', async () => {
  for (const [name, { http, caller }] of Object.entries(operations)) {
    if (http === undefined) continue;
    const path = http.path.replaceAll(/\{\w+\}/g, '01a2078a-7380-77bc-89a5-588fe9335659');
    const { status } = await request(server.url, http.method, path);
    if (caller === 'anyone') assert.notEqual(status, 401, name);
    else assert.equal(status, 401, name);
  }
});

test('[AUTH-4] a wrong password and an unknown username get the same answer', async () => {
  const { user } = await someone();
  const wrong = await post<{ detail: string }>('/login', {
    username: user.username,
    password: 'wrong horse',
  });
  const unknown = await post<{ detail: string }>('/login', { username: 'nobody-at-all', password });
  assert.deepEqual(await codeOf(Promise.resolve(wrong)), [401, 'invalid_credentials']);
  const { requestId: _one, ...first } = wrong.body as Record<string, unknown>;
  const { requestId: _other, ...second } = unknown.body as Record<string, unknown>;
  assert.deepEqual(first, second);
});

test('[AUTH-6] refreshing gives another grant of the same user, and the token before stays valid', async () => {
  const first = await someone();
  const { status, body: second } = await refresh(first);
  assert.equal(status, 200);
  assert.deepEqual(second.user, first.user);
  assert.notEqual(second.refreshToken, first.refreshToken);
  for (const grant of [first, second]) assert.equal((await me(grant)).status, 200);
});

test('[AUTH-7] a refresh whose answer was lost may be repeated, also by two at once', async () => {
  const first = await someone();
  await refresh(first);
  const [one, other] = await Promise.all([refresh(first), refresh(first)]);
  assert.deepEqual([one.status, other.status], [200, 200]);
  assert.equal((await refresh(one.body)).status, 200);
  assert.equal((await refresh(other.body)).status, 200);
});

test('[AUTH-8] a refresh token used after its successor ends the login, its tokens and its sockets', async () => {
  const stolen = await someone();
  const second = (await refresh(stolen)).body;
  const third = (await refresh(second)).body;
  const socket = await TestSocket.open(server.url, third.token);
  assert.deepEqual(await codeOf(refresh(stolen)), [401, 'unauthorized']);
  assert.equal((await socket.closed).code, 4501);
  assert.deepEqual(await codeOf(me(third)), [401, 'unauthorized']);
  assert.deepEqual(await codeOf(refresh(third)), [401, 'unauthorized']);
});

test('[AUTH-9] who has signed out can not refresh', async () => {
  const grant = await someone();
  assert.equal((await post('/logout', undefined, grant.token)).status, 204);
  assert.deepEqual(await codeOf(refresh(grant)), [401, 'unauthorized']);
});
