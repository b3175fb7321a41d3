import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuidV7Maker } from '../src/sdk/ids.ts';
import { ChatError, type Grant, login, register } from '../src/sdk/index.ts';
import { ana } from './support/fake-socket.ts';

const grant: Grant = { user: ana, token: 'jwt', expiresAt: '2026-01-01T00:15:00.000Z', refreshToken: 'r' };
const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('ids are UUIDs of version 7 that carry the time', () => {
  const id = uuidV7Maker(() => Date.UTC(2026, 0, 1))();
  assert.match(id, uuidV7);
  assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), Date.UTC(2026, 0, 1));
});

test('ids ascend: within a millisecond, beyond the counter, and when the clock goes back', () => {
  let now = Date.UTC(2026, 0, 1);
  const newId = uuidV7Maker(() => now);
  const ids = Array.from({ length: 10_000 }, newId);
  now -= 60_000;
  ids.push(newId(), newId());
  now += 120_000;
  ids.push(newId());
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.every(id => uuidV7.test(id)));
});

test('register and login post the account and give the grant', async () => {
  const requests: Request[] = [];
  const fetch: typeof globalThis.fetch = async (...request) => {
    requests.push(new Request(...request));
    return Response.json(grant, { status: 201 });
  };
  const account = { username: 'ana', password: 'a password' };
  assert.deepEqual(await register('http://chat.test', account, { fetch }), grant);
  assert.deepEqual(await login('http://chat.test/papo/', account, { fetch }), grant);
  assert.deepEqual(
    requests.map(({ method, url, headers }) => `${method} ${url} ${headers.get('content-type')}`),
    ['POST http://chat.test/register application/json', 'POST http://chat.test/papo/login application/json'],
  );
  assert.deepEqual(await requests[0]?.json(), account);
});

const refusals: [string, () => Promise<Response>, Partial<ChatError>][] = [
  [
    'a problem is a ChatError with its code',
    async () => Response.json({ code: 'username_taken', detail: 'ana is taken' }, { status: 409 }),
    { code: 'username_taken', message: 'ana is taken', retryable: false },
  ],
  [
    'a problem may say when to come back',
    async () => Response.json({ code: 'rate_limited', title: 'Slow', retryAfterMs: 1500 }, { status: 429 }),
    { code: 'rate_limited', retryable: true, retryAfterMs: 1500 },
  ],
  [
    'without a problem the status speaks, and Retry-After counts',
    async () => new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'retry-after': '3' } }),
    { code: 'unavailable', retryable: true, retryAfterMs: 3000 },
  ],
  [
    'a page that is not JSON is no grant, whatever its status',
    async () => new Response('<h1>Welcome to the airport</h1>'),
    { code: 'unavailable' },
  ],
  [
    'a server that is not there is unavailable',
    () => Promise.reject(new TypeError('fetch failed')),
    { code: 'unavailable', retryable: true },
  ],
];

for (const [title, fetch, expected] of refusals) {
  test(title, async () => {
    const account = { username: 'ana', password: 'a password' };
    await assert.rejects(login('http://chat.test', account, { fetch }), { name: 'ChatError', ...expected });
  });
}

test('a request over HTTP ends with the signal, and rejects with its reason', async () => {
  const abort = new AbortController();
  const { signal } = abort;
  const fetch: typeof globalThis.fetch = (_url, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(new TypeError('aborted')));
    });
  const asked = login('http://chat.test', { username: 'ana', password: 'a password' }, { fetch, signal });
  abort.abort(new Error('enough'));
  await assert.rejects(asked, { message: 'enough' });
});

test('a code that only a newer server knows is not retried by this client, unless the server says so', () => {
  const unheard = { code: 'on_holiday' as 'internal', message: 'later' };
  assert.equal(ChatError.from({ ...unheard, retryable: true }).retryable, true);
  assert.equal(new ChatError(unheard.code, unheard.message).retryable, false);
});
