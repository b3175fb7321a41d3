/** A refresh token in a cookie: what a page asks for, and what pages and hosts that aren't ours try with it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Grant } from '../src/contract/objects.ts';
import { password, type Response, request } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

type Answer = Partial<Grant> & { code?: string };

const asked = { 'Papo-Refresh-Token': 'cookie' };
let server: TestServer;
let people = 0;

before(async () => {
  server = await startServer({ PAPO_ORIGINS: 'https://friend.example', PAPO_TRUSTED_PROXIES: '127.0.0.1' });
});
after(() => server.close());

function post(path: string, headers: Record<string, string>, body?: object, token?: string) {
  return request<Answer>(server.url, 'POST', path, { headers, body, ...(token !== undefined && { token }) });
}

function newPerson() {
  people += 1;
  return { username: `person${people}`, password };
}

/** As a page of the server's own sends it, with the cookie that it has. */
function own(cookie?: string): Record<string, string> {
  return { ...asked, Origin: server.url, ...(cookie !== undefined && { Cookie: cookie }) };
}

const setCookie = ({ headers }: Response) => headers.get('set-cookie') ?? '';
const pairOf = (answer: Response) => setCookie(answer).split(';')[0] ?? '';

async function signedIn(): Promise<{ cookie: string; token: string }> {
  const answer = await post('/register', own(), newPerson());
  assert.equal(answer.status, 201);
  return { cookie: pairOf(answer), token: answer.body.token ?? '' };
}

function requireRefused(answer: Response<Answer>, status: number, code: string): void {
  assert.deepEqual([answer.status, answer.body.code], [status, code]);
  assert.equal(answer.headers.get('set-cookie'), null);
}

/** The login is as it was: the cookie gets its next token. */
async function requireAlive(cookie: string): Promise<void> {
  assert.equal((await post('/refresh', own(cookie))).status, 200);
}

test('[AUTH-13] registering, signing in and refreshing put the refresh token into a cookie, not into the answer', async () => {
  const person = newPerson();
  const registered = await post('/register', own(), person);
  const back = await post('/login', own(), person);
  const refreshed = await post('/refresh', own(pairOf(back)));
  for (const answer of [registered, back, refreshed]) {
    assert.ok(answer.status < 300);
    assert.deepEqual(Object.keys(answer.body), ['user', 'token', 'expiresAt']);
    assert.match(
      setCookie(answer),
      /^papo-refresh-\d+=[\w.-]+; Max-Age=7776000; Path=\/refresh; HttpOnly; SameSite=Strict$/,
    );
  }
  assert.notEqual(pairOf(refreshed), pairOf(back));
});

test('[AUTH-13] a lost answer is no harm, and of two tabs that ask at once both go on', async () => {
  const { cookie } = await signedIn();
  const [one, other] = await Promise.all([post('/refresh', own(cookie)), post('/refresh', own(cookie))]);
  assert.deepEqual([one.status, other.status], [200, 200]);
  await requireAlive(pairOf(one));
  await requireAlive(pairOf(other));
});

test('[AUTH-14] without the header no cookie is set and none is read', async () => {
  const plain = await post('/register', { Origin: server.url }, newPerson());
  assert.equal(plain.headers.get('set-cookie'), null);
  assert.ok(plain.body.refreshToken);
  const { cookie } = await signedIn();
  requireRefused(await post('/refresh', { Origin: server.url, Cookie: cookie }, {}), 400, 'bad_request');
});

test('[AUTH-14] a page of another origin gets no use of the cookie, listed in PAPO_ORIGINS or not', async () => {
  const { cookie, token } = await signedIn();
  const { port, host } = new URL(server.url);
  const others = [
    'https://evil.example',
    'https://friend.example',
    'null',
    '',
    `http://127.0.0.1:${Number(port) + 1}`,
    'http://127.0.0.1',
    `http://sub.${host}`,
    `http://${host}.evil.example`,
    `ftp://${host}`,
    `${server.url}@evil.example`,
  ];
  for (const Origin of others) {
    requireRefused(await post('/refresh', { ...own(cookie), Origin }), 403, 'forbidden');
    requireRefused(await post('/login', { ...own(), Origin }, newPerson()), 403, 'forbidden');
    requireRefused(await post('/logout', { ...own(cookie), Origin }, undefined, token), 403, 'forbidden');
  }
  await requireAlive(cookie);
});

test('[AUTH-14] who names no origin gets no use of the cookie, whatever Sec-Fetch-Site says', async () => {
  const { cookie } = await signedIn();
  for (const site of ['cross-site', 'same-site', 'same-origin', 'none']) {
    const headers = { ...asked, Cookie: cookie, 'Sec-Fetch-Site': site };
    requireRefused(await post('/refresh', headers), 403, 'forbidden');
  }
  await requireAlive(cookie);
});

test('[AUTH-14] a refused page makes no account and ends no login', async () => {
  const person = newPerson();
  requireRefused(
    await post('/register', { ...asked, Origin: 'https://evil.example' }, person),
    403,
    'forbidden',
  );
  assert.equal((await post('/register', own(), person)).status, 201);
});

test('[AUTH-14] a form, which can not send the header, can not sign anyone in or out', async () => {
  const { cookie, token } = await signedIn();
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
    const headers = { Origin: 'https://evil.example', Cookie: cookie, 'Content-Type': type };
    assert.notEqual((await post('/refresh', headers, {})).status, 200);
    assert.notEqual((await post('/login', headers, newPerson())).status, 200);
    assert.equal((await post('/logout', headers)).status, 401);
  }
  assert.equal((await request(server.url, 'GET', '/me', { token })).status, 200);
});

test('[AUTH-14] no CORS answer lets a page of another origin send its cookies', async () => {
  for (const origin of ['https://friend.example', 'https://evil.example']) {
    const { headers } = await request(server.url, 'OPTIONS', '/refresh', {
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'papo-refresh-token',
      },
    });
    assert.equal(headers.get('access-control-allow-credentials'), null);
  }
});

test('[AUTH-15] by HTTPS the cookie is Secure and bound to this very host', async () => {
  const host = 'chat.example';
  const secure = { ...asked, Origin: `https://${host}`, 'X-Forwarded-Host': host };
  for (const said of [{}, { 'X-Forwarded-Proto': 'https' }]) {
    const answer = await post('/register', { ...secure, ...said }, newPerson());
    assert.match(
      setCookie(answer),
      /^__Host-papo-refresh=\S+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    assert.equal((await post('/refresh', { ...secure, ...said, Cookie: pairOf(answer) })).status, 200);
  }
});

test('[AUTH-15] a page that came by HTTP has no use of what is kept for HTTPS, and plants nothing there', async () => {
  const host = 'chat.example';
  const secure = { ...asked, Origin: `https://${host}`, 'X-Forwarded-Host': host };
  const cookie = pairOf(await post('/register', secure, newPerson()));
  const plain = { ...secure, Origin: `http://${host}` };
  requireRefused(await post('/refresh', { ...plain, Cookie: cookie }), 401, 'unauthorized');
  const forwarded = { ...plain, 'X-Forwarded-Proto': 'https', Cookie: cookie };
  requireRefused(await post('/refresh', forwarded), 403, 'forbidden');
  const planted = cookie.replace('__Host-', '');
  requireRefused(await post('/refresh', { ...secure, Cookie: planted }), 401, 'unauthorized');
});

test('[AUTH-15] of two cookies of one name, one was planted: neither is taken', async () => {
  const [mine, planted] = [await signedIn(), await signedIn()];
  for (const cookies of [`${mine.cookie}; ${planted.cookie}`, `${planted.cookie}; ${mine.cookie}`]) {
    requireRefused(await post('/refresh', own(cookies)), 401, 'unauthorized');
  }
  await requireAlive(mine.cookie);
});

test('[AUTH-15] signing in begins a login of its own, whatever cookie is there already', async () => {
  const person = newPerson();
  await post('/register', own(), person);
  const planted = await signedIn();
  const back = await post('/login', own(planted.cookie), person);
  assert.equal(back.body.user?.username, person.username);
  const { sid } = JSON.parse(Buffer.from(pairOf(back).split('.')[1] ?? '', 'base64url').toString());
  assert.notEqual(planted.cookie.includes(sid), true);
  assert.equal((await post('/refresh', own(pairOf(back)))).body.user?.username, person.username);
});

test('[AUTH-16] signing out clears the cookie, and what it held is worth nothing', async () => {
  const { cookie, token } = await signedIn();
  const out = await post('/logout', own(), undefined, token);
  assert.equal(out.status, 204);
  assert.match(setCookie(out), /^papo-refresh-\d+=; Max-Age=0; Path=\/refresh; /);
  requireRefused(await post('/refresh', own(cookie)), 401, 'unauthorized');
});

test('[AUTH-17] no cookie, or garbage in it, is as nobody signed in', async () => {
  requireRefused(await post('/refresh', own()), 401, 'unauthorized');
  const { cookie, token } = await signedIn();
  const [name] = cookie.split('=');
  const garbage = [
    '',
    'x',
    'a.b.c',
    `"${cookie.slice(cookie.indexOf('=') + 1)}"`,
    '%00',
    '..',
    token,
    'x'.repeat(4096),
  ];
  for (const value of garbage) {
    requireRefused(await post('/refresh', own(`${name}=${value}`)), 401, 'unauthorized');
  }
  for (const header of ['=', ';;;', `${name}`, ` ${name} = x`, `other=${cookie}`]) {
    requireRefused(await post('/refresh', own(header)), 401, 'unauthorized');
  }
  await requireAlive(cookie);
});

test('[AUTH-17] a refresh token in cookie and body, or another word in the header, is a bad request', async () => {
  const { cookie } = await signedIn();
  const refreshToken = cookie.slice(cookie.indexOf('=') + 1);
  requireRefused(await post('/refresh', own(cookie), { refreshToken }), 400, 'bad_request');
  requireRefused(await post('/refresh?refreshToken=x', own(cookie)), 400, 'bad_request');
  requireRefused(
    await post('/refresh', { ...own(cookie), 'Papo-Refresh-Token': 'body' }),
    400,
    'bad_request',
  );
  await requireAlive(cookie);
});
