/** Row 49 of abuse.md: who opens HTTP connections without end. The server waits for what they say as long as a test may take. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { limits } from '../src/contract/limits.ts';
import { Connections } from '../src/server/doors/connections.ts';
import { usualPatience } from '../src/server/doors/patience.ts';
import { type AttackedServer, attackedServer } from './support/abuse.ts';
import { handshakeBytes, RawConnection, responsesIn } from './support/abuse-wire.ts';
import { atEnd } from './support/at-end.ts';
import { eventually } from './support/waiting.ts';

const patience = { ...usualPatience, headMs: 300_000, requestMs: 300_000, stillMs: 300_000 };
const limited = { PAPO_RATE_LIMITS: 'on', PAPO_METRICS_ADDR: '127.0.0.1:0' };
const alone = attackedServer(limited, 'this process', { patience });
const behindProxy = attackedServer({ ...limited, PAPO_TRUSTED_PROXIES: '127.0.0.2' }, 'this process', {
  patience,
});

const { maxHttpConnectionsPerAddress: max } = limits;
const flooder = '127.0.0.2';
const tooMany = 20;

/** Of so many that say nothing: those that the server leaves open. */
async function flood(t: TestContext, server: AttackedServer, count: number): Promise<RawConnection[]> {
  const all = Array.from({ length: count }, () => new RawConnection(server.url, flooder));
  atEnd(t, () => {
    for (const { socket } of all) socket.destroy();
  });
  await Promise.all(all.map(each => eventually('it is there', () => !each.socket.connecting)));
  return all;
}

const cutOff = async (server: AttackedServer) =>
  (await server.metrics()).get('papo_rate_limited_total{scope="httpConnections"}');

/** What a connection is answered with, if it is. */
async function answered(server: AttackedServer, from: string): Promise<number | undefined> {
  const connection = new RawConnection(server.url, from);
  connection.write(server.head('GET', '/livez'));
  return responsesIn(await connection.rest()).at(0)?.status;
}

test('[abuse 49] more connections of an address than it may have are cut off, others are served, and one that goes makes room', async t => {
  const before = (await cutOff(alone)) ?? 0;
  const all = await flood(t, alone, max + tooMany);
  await eventually('the last ones are cut off', () => all.filter(({ ended }) => ended).length === tooMany);
  assert.equal(await cutOff(alone), before + tooMany);
  assert.equal(await answered(alone, flooder), undefined);
  assert.equal(await answered(alone, '127.0.0.3'), 200);
  const [first] = all.filter(({ ended }) => !ended);
  first?.write(alone.head('GET', '/livez'));
  assert.equal(responsesIn((await first?.rest()) ?? Buffer.alloc(0)).at(0)?.status, 200);
  await eventually('it has made room', async () => (await answered(alone, flooder)) === 200);
});

test('[abuse 49] a connection that has become a socket counts no longer', async t => {
  const { token } = await alone.register();
  const socket = new RawConnection(alone.url, '127.0.0.4');
  atEnd(t, () => socket.socket.destroy());
  socket.write(handshakeBytes(alone.url, { headers: [['Authorization', `Bearer ${token}`]] }));
  await socket.until('hello', () => socket.received.includes('"hello"'));
  const all = Array.from({ length: max }, () => new RawConnection(alone.url, '127.0.0.4'));
  atEnd(t, () => {
    for (const each of all) each.socket.destroy();
  });
  await Promise.all(all.map(each => eventually('it is there', () => !each.socket.connecting)));
  assert.equal(await answered(alone, '127.0.0.4'), undefined);
  assert.deepEqual([all.filter(({ ended }) => ended).length, socket.ended], [0, false]);
});

test('[abuse 49] [abuse 7] the connections of a trusted proxy are everybody’s, and are not counted', async t => {
  const all = await flood(t, behindProxy, max + tooMany);
  assert.equal(await answered(behindProxy, flooder), 200);
  assert.equal(all.filter(({ ended }) => ended).length, 0);
  assert.equal(await cutOff(behindProxy), 0);
});

/** A connection from somewhere, as the server's end of it. */
const connectionFrom = (remoteAddress: string | undefined) =>
  Object.assign(new PassThrough(), { remoteAddress });

test('[abuse 49] of IPv6 the network of 64 bits counts, and what came by no network does not', () => {
  let over = 0;
  const connections = new Connections(
    2,
    () => false,
    () => {
      over += 1;
    },
  );
  const come = (address: string | undefined) => {
    const connection = connectionFrom(address);
    connections.came(connection);
    return !connection.destroyed;
  };
  assert.deepEqual(['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1'].map(come), [
    true,
    true,
    false,
    true,
  ]);
  assert.deepEqual([undefined, undefined, undefined].map(come), [true, true, true]);
  assert.equal(over, 1);
});
