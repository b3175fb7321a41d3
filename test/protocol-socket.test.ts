/** Rules of PROTOCOL.md on connections: how they live and how they end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, mock, type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { limits } from '../src/contract/limits.ts';
import type { Grant } from '../src/contract/objects.ts';
import { decode, sign } from './support/abuse-jwt.ts';
import { atEnd } from './support/at-end.ts';
import { register, TestSocket } from './support/people.ts';
import { ownServer, startServer, type TestServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

const secret = 'a secret of at least thirty-two bytes';

let server: TestServer;
let ana: Grant;
before(async () => {
  server = await startServer({ PAPO_SECRET: secret });
  ana = await register(server.url, 'ana');
});
after(() => server.close());

/** From here on, timers of this kind go only when the test moves them. */
function stopTimers(t: TestContext, kind: 'setTimeout' | 'setInterval'): void {
  mock.timers.enable({ apis: [kind] });
  atEnd(t, () => mock.timers.reset());
}

/** Ana's token, but good for so many seconds from now. */
function tokenFor(seconds: number): string {
  const [header, claims] = ana.token.split('.', 2).map(decode);
  return sign(header, { ...claims, exp: Math.floor(Date.now() / 1000) + seconds }, secret);
}

test('[SOCK-17] who leaves two pings without a pong is closed with 4003, who answers is not', async t => {
  stopTimers(t, 'setInterval');
  const address = `${server.url.replace('http', 'ws')}/ws`;
  const protocols = ['papo.v1', `bearer.${ana.token}`];
  const [deaf, sound] = [false, true].map(autoPong => new WebSocket(address, protocols, { autoPong }));
  assert.ok(deaf && sound);
  await Promise.all([once(deaf, 'message'), once(sound, 'message')]);
  for (const _ping of [1, 2]) {
    const pinged = [once(deaf, 'ping'), once(sound, 'ping')];
    mock.timers.tick(limits.heartbeatMs);
    await Promise.all(pinged);
    // The answer to a request comes after the pong was read.
    sound.send(JSON.stringify({ ref: 1, op: 'ping' }));
    await once(sound, 'message');
  }
  const closed = once(deaf, 'close');
  mock.timers.tick(limits.heartbeatMs);
  const [code] = await closed;
  assert.equal(code, 4003);
  assert.equal(sound.readyState, WebSocket.OPEN);
  sound.terminate();
});

test('[SOCK-18] a ping is answered with the time of the server', async () => {
  const socket = await TestSocket.open(server.url, ana.token);
  const asked = Date.now();
  const at = Date.parse((await socket.call('ping', {})).at);
  assert.ok(asked <= at && at <= Date.now(), `${asked}, ${at}`);
  await socket.close();
});

test('[SOCK-19] a connection is closed with 4001 when its token expires, unless it has a newer one', async t => {
  stopTimers(t, 'setTimeout');
  // Before the next heartbeat: its timer runs from the beginning.
  const seconds = 0.8 * (limits.heartbeatMs / 1_000);
  const [late, renewed] = await Promise.all([1, 2].map(() => TestSocket.open(server.url, tokenFor(seconds))));
  assert.ok(late && renewed);
  await renewed.call('token.renew', { token: ana.token });
  await late.call('ping', {});
  mock.timers.tick(seconds * 1_000);
  mock.timers.reset();
  assert.equal((await late.closed).code, 4001);
  await renewed.call('ping', {});
  await renewed.close();
});

test('[SOCK-22] one connection more than a user may have is closed with 4004, and the others stay', async t => {
  const strict = await ownServer(t, { PAPO_RATE_LIMITS: 'on' });
  const [bruno, carla] = [await register(strict.url, 'bruno'), await register(strict.url, 'carla')];
  const sockets = await Promise.all(
    Array.from({ length: limits.maxConnectionsPerUser }, () => TestSocket.open(strict.url, bruno.token)),
  );
  assert.equal((await new TestSocket(strict.url, bruno.token).closed).code, 4004);
  await Promise.all(sockets.map(socket => socket.call('ping', {})));
  await (await TestSocket.open(strict.url, carla.token)).close();
  await sockets[0]?.close();
  // The server may hear later than its client that a connection is gone.
  await eventually('there is room for another one', () =>
    TestSocket.open(strict.url, bruno.token).catch(() => undefined),
  );
});
