/** Rules of PROTOCOL.md on how often, and on how a refusal looks. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Problem } from '../src/contract/events.ts';
import { rates } from '../src/contract/limits.ts';
import type { Room } from '../src/contract/objects.ts';
import { password, register, request, TestSocket } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

/** The clock that rates go by stands still, unless a test moves it. */
let nowMs = 0;
let server: TestServer;
before(async () => {
  server = await startServer({ PAPO_RATE_LIMITS: 'on' }, undefined, { now: () => nowMs });
});
after(() => server.close());

test('[LIMIT-2] [SEND-5] beyond forty messages at once one is told to wait; what is stored is answered all the same', async () => {
  const socket = await TestSocket.open(server.url, (await register(server.url, 'hasty')).token);
  const [room] = (await socket.call('room.list', {})).rooms;
  assert.ok(room);
  const send = async (id: string) =>
    (await socket.call('message.send', { room: room.id, id, text: 'in haste' })).message;
  const ids = Array.from({ length: rates.messages.burst + 15 }, () => randomUUID());
  const outcomes = await Promise.allSettled(ids.map(send));
  const stored = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? outcome.value : []));
  const refused = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? outcome.reason : []));
  assert.deepEqual(
    stored.map(({ id }) => id),
    ids.slice(0, rates.messages.burst),
  );
  assert.equal(refused.length, 15);
  for (const error of refused) assert.deepEqual([error.code, error.retryable], ['rate_limited', true]);
  assert.deepEqual(await Promise.all(stored.map(({ id }) => send(id))), stored);
  await socket.close();
});

test('[LIMIT-3] the eleventh attempt at once to sign in to an account waits, right or wrong; others need not', async () => {
  const { user } = await register(server.url, 'guessed');
  const other = await register(server.url, 'other');
  const attempt = (username: string, secret: string) =>
    request<Problem>(server.url, 'POST', '/login', { body: { username, password: secret } });
  const guesses = Array.from({ length: rates.loginsOfAccount.burst }, () =>
    attempt(user.username, 'a wrong guess'),
  );
  assert.ok((await Promise.all(guesses)).every(({ status }) => status === 401));
  assert.equal((await attempt(user.username, password)).body.code, 'rate_limited');
  assert.equal((await attempt(other.user.username, password)).status, 200);
});

test('[LIMIT-1] [HTTP-5] a refusal says how long to wait, in its header and its body, and then it works', async () => {
  const { token } = await register(server.url, 'patient');
  const [room] = (await request<{ rooms: Room[] }>(server.url, 'GET', '/rooms', { token })).body.rooms;
  const post = () => {
    const body = { id: randomUUID(), text: 'now?' };
    return request<Problem>(server.url, 'POST', `/rooms/${room?.id}/messages`, { token, body });
  };
  await Promise.all(Array.from({ length: rates.messages.burst }, post));
  const refused = await post();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('content-type'), 'application/problem+json');
  assert.deepEqual(Problem.strict().parse(refused.body), refused.body);
  const { code, status, type, retryAfterMs = 0 } = refused.body;
  assert.deepEqual([code, status, type], ['rate_limited', 429, 'urn:papo:error:rate_limited']);
  assert.ok(retryAfterMs > 0);
  assert.equal(refused.headers.get('retry-after'), String(Math.ceil(retryAfterMs / 1000)));
  nowMs += retryAfterMs;
  assert.equal((await post()).status, 201);
});
