/** Rows 14, 20, 21 and 22 of abuse.md: guessing names and passwords, and wearing the server out by signing in. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { hash } from '@node-rs/argon2';
import { rates } from '../src/contract/limits.ts';
import type { Grant } from '../src/contract/objects.ts';
import { OperationError } from '../src/server/errors.ts';
import { Passwords } from '../src/server/operations/passwords.ts';
import { attackedServer, newName } from './support/abuse.ts';
import { type Response, request } from './support/people.ts';

/** Hashed at the same time, and waiting for it: see operations/passwords.ts. */
const atOnce = availableParallelism() + 100;

const server = attackedServer();
/** The clock that its rates go by stands still, unless a test moves it. */
let nowMs = 0;
const limited = attackedServer(
  { PAPO_RATE_LIMITS: 'on', PAPO_TRUSTED_PROXIES: '127.0.0.1' },
  'this process',
  { now: () => nowMs },
);

type Outcome = Grant & { code?: string; requestId?: string };

const login = (username: string, password: string, where = server) =>
  where.post<Outcome>('/login', { username, password });

/** A login that may be told to come back later. */
const guess = (username: string, url = server.url) =>
  request<Outcome>(url, 'POST', '/login', { body: { username, password: 'a guess' } });

const isPart = (some: readonly string[], all: readonly string[]) => some.every(one => all.includes(one));

const times = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => make(at));

/** All that an answer says, but for what is another in every answer. */
function told({ status, headers, body }: Response<Outcome>): unknown {
  const { date: _, 'x-request-id': __, ...others } = Object.fromEntries(headers);
  const { requestId: ___, ...rest } = body;
  return { status, headers: others, body: rest };
}

test('[abuse 14] an unknown user and a wrong password are answered alike, to the header', async () => {
  const { user, password } = await server.register();
  const wrong = told(await login(user.username, `${password}x`));
  assert.deepEqual(told(await login(newName(), password)), wrong);
  const { status, body } = wrong as { status: number; body: { code: string } };
  assert.deepEqual([status, body.code], [401, 'invalid_credentials']);
});

test('[abuse 14] a password of any length, also an empty one, gets that same answer for known and unknown', async () => {
  const { user } = await server.register();
  for (const guess of ['', 'x', 'x'.repeat(10_000), '\0', '\ud800', '🔑'.repeat(128)]) {
    assert.deepEqual(told(await login(newName(), guess)), told(await login(user.username, guess)));
  }
});

test('[abuse 14] an unknown user costs a verification, which waits its turn like any other', async () => {
  const passwords = new Passwords();
  let refused = 0;
  const verified = times(atOnce + 5, async () => {
    try {
      return await passwords.verify('a guess', undefined);
    } catch (error) {
      assert.ok(error instanceof OperationError && error.code === 'unavailable');
      refused += 1;
      return false;
    }
  });
  assert.deepEqual(new Set(await Promise.all(verified)), new Set([false]));
  assert.equal(refused, 5);
});

test('[abuse 14] not even the password that nobody has signs in as nobody', async () => {
  assert.equal(await new Passwords().verify('nobody has this password', undefined), false);
});

test('[abuse 21] of many logins at once a bounded number is looked at, the rest is told to come back, and talk goes on', async () => {
  const { user, password } = await server.register();
  const talker = await server.register();
  const names = times(2 * atOnce + 200, at => (at % 2 === 0 ? user.username : newName()));
  const flood = Promise.all(names.map(async name => ({ name, ...(await guess(name)) })));
  const texts = times(20, at => `meanwhile ${at}`);
  for (const text of texts) assert.equal((await server.send(server.general, text, talker)).status, 201);
  await server.bystander.until(() => isPart(texts, server.bystander.texts(server.general)));
  const answers = await flood;
  const {
    401: lookedAt = [],
    503: refused = [],
    ...others
  } = Object.groupBy(answers, ({ status }) => status);
  assert.deepEqual(others, {});
  // Known and unknown names are looked at, and told to come back, alike.
  for (const group of [lookedAt, refused]) {
    assert.ok(group.some(({ name }) => name === user.username));
    assert.ok(group.some(({ name }) => name !== user.username));
  }
  assert.ok(lookedAt.length >= atOnce);
  for (const { headers, body } of refused) {
    assert.equal(body.code, 'unavailable');
    assert.ok(Number(headers.get('retry-after')) >= 1);
  }
  assert.equal((await login(user.username, password)).status, 200);
});

test('[abuse 20] of 1,000 logins on one account ten are looked at, and more only as minutes go by', async () => {
  const owner = await limited.register();
  const socket = await limited.connect(owner);
  const { burst, perMinute } = rates.loginsOfAccount;
  for (const [passedMs, allowed] of [
    [0, burst],
    [60_000, perMinute],
  ] as const) {
    nowMs += passedMs;
    const answers = [];
    for (let round = 0; round < 5; round += 1) {
      answers.push(...(await Promise.all(times(100, () => guess(owner.user.username, limited.url)))));
    }
    const {
      401: lookedAt = [],
      429: refused = [],
      ...others
    } = Object.groupBy(answers, ({ status }) => status);
    assert.deepEqual(others, {});
    assert.deepEqual([lookedAt.length, refused.length], [allowed, 500 - allowed]);
    for (const { headers, body } of refused) {
      assert.deepEqual([body.code, headers.get('retry-after')], ['rate_limited', String(60 / perMinute)]);
    }
  }
  // Whoever is signed in stays so, and gets new tokens.
  assert.ok((await socket.call(1, 'ping')).output);
  assert.equal((await limited.post('/refresh', { refreshToken: owner.refreshToken })).status, 200);
  // Nobody else is hindered.
  const other = await limited.register();
  assert.equal((await login(other.user.username, other.password, limited)).status, 200);
});

test('[abuse 20] over the rate the right password is answered like a wrong one', async () => {
  const { user, password } = await limited.register();
  await Promise.all(times(30, () => guess(user.username, limited.url)));
  const spellings = [user.username, user.username.toUpperCase()];
  for (const name of spellings) {
    const [right, wrong] = [await login(name, password, limited), await guess(name, limited.url)];
    assert.deepEqual([right.status, wrong.status], [429, 429]);
  }
});

test('[abuse 20] who signed in before from where they are gets in while others guess', async () => {
  const { user, password } = await limited.register();
  const from = (address: string) => ({ 'X-Forwarded-For': address });
  const attempt = (given: string, address: string) =>
    request(limited.url, 'POST', '/login', {
      body: { username: user.username, password: given },
      headers: from(address),
    });
  assert.equal((await attempt(password, '192.0.2.10')).status, 200);
  const guesses = await Promise.all(times(30, at => attempt(`guess number ${at}`, '198.51.100.10')));
  assert.ok(guesses.some(({ status }) => status === 429));
  assert.equal((await attempt(password, '198.51.100.11')).status, 429);
  assert.equal((await attempt(password, '192.0.2.10')).status, 200);
});

test('[abuse 20] an address that tries many accounts is refused as well', async () => {
  const answers = await Promise.all(
    times(2 * rates.loginsOfAddress.burst, () => guess(newName(), limited.url)),
  );
  const codes = new Set(answers.map(({ body }) => body.code));
  assert.deepEqual(codes, new Set(['invalid_credentials', 'rate_limited']));
});

test('[abuse 22] a password that was hashed with older parameters is hashed anew at the next login, and only then', async () => {
  const { user, password } = await server.register();
  const stored = async () => {
    const [row] = await server.query<{ password_hash: string }>(
      'select password_hash from users where id = $1',
      [user.id],
    );
    return row?.password_hash ?? '';
  };
  for (const older of [
    { memoryCost: 4_096, timeCost: 3, parallelism: 1 },
    { memoryCost: 19_456, timeCost: 1, parallelism: 1 },
    { memoryCost: 8_192, timeCost: 2, parallelism: 2 },
  ]) {
    const old = await hash(password, older);
    await server.query('update users set password_hash = $2 where id = $1', [user.id, old]);
    assert.equal((await login(user.username, `${password}x`)).status, 401);
    assert.equal(await stored(), old);
    assert.equal((await login(user.username, password)).status, 200);
    const renewed = await stored();
    assert.match(renewed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal((await login(user.username, password)).status, 200);
    assert.equal(await stored(), renewed);
  }
});

test('[abuse 14, 20–22] both stop in good order afterwards, and their logs tell no password', async () => {
  await server.requireDiscreetLog();
  await limited.requireDiscreetLog();
});
