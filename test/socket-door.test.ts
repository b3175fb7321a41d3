/** The socket door on a server of its own: what a connection keeps, and what it doesn't. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WebSocket } from 'ws';
import { subprotocol } from '../src/contract/codes.ts';
import { openSocketDoor } from '../src/server/doors/socket.ts';
import { Hub } from '../src/server/live/hub.ts';
import { Turn } from '../src/server/live/turn.ts';
import { createLog } from '../src/server/log.ts';
import { Metrics } from '../src/server/metrics.ts';
import { atEnd } from './support/at-end.ts';

const ana = { id: 'ana', username: 'ana', displayName: 'Ana', createdAt: '2026-01-01T00:00:00.000Z' };
const log = createLog('silent');
/** A collection may take some turns to see what has become garbage. */
const maxCollections = 50;

/** A server with a socket door that admits everyone, and what it was asked. */
async function openDoor(context: TestContext) {
  const server = createServer();
  const requests: WeakRef<IncomingMessage>[] = [];
  server.on('upgrade', request => requests.push(new WeakRef(request)));
  const metrics = new Metrics();
  const turn = new Turn(metrics);
  const never = () => Promise.reject(new Error('nobody is in a room'));
  openSocketDoor(server, {
    hub: new Hub({ joinedBy: never }, { above: never, newest: never }, turn, metrics, log),
    turn,
    dispatch: async () => ({}),
    authenticate: async () => ({ user: ana, login: 'login', expiresAt: new Date(Date.now() + 3_600_000) }),
    origins: [],
    isTrustedProxy: () => false,
    maxConnectionsPerUser: undefined,
    onAdmitted: () => {},
    logName: 'log',
    metrics,
    log,
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  atEnd(context, () => server.close());
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`, requests };
}

async function isCollected(reference: WeakRef<object> | undefined): Promise<boolean> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let left = maxCollections; left > 0; left -= 1) {
    // What was looked at lives until the end of the turn.
    await new Promise(setImmediate);
    collect();
    if (reference?.deref() === undefined) return true;
  }
  return false;
}

test('a connection does not keep the request it came with', async context => {
  const { url, requests } = await openDoor(context);
  const webSocket = new WebSocket(url, subprotocol, { headers: { authorization: 'Bearer a.b.c' } });
  atEnd(context, () => webSocket.terminate());
  await once(webSocket, 'message');
  assert.equal(requests.length, 1);
  assert.ok(await isCollected(requests[0]));

  // It is not for its end that nothing is kept of it.
  webSocket.send(JSON.stringify({ ref: 1, op: 'ping', input: {} }));
  const [answer] = await once(webSocket, 'message');
  assert.deepEqual(JSON.parse(String(answer)), { ref: 1, output: {} });
});
