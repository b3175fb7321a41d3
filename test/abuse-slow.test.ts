/** Row 38 of abuse.md: who takes their time on purpose. The server is less patient here than elsewhere. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { limits } from '../src/contract/limits.ts';
import { usualPatience } from '../src/server/doors/patience.ts';
import { attackedServer, json } from './support/abuse.ts';
import { handshakeBytes, RawConnection, responsesIn } from './support/abuse-wire.ts';
import { atEnd } from './support/at-end.ts';
import { eventually } from './support/waiting.ts';

/** Long enough for five hundred to come and for somebody to be served, also on a slow machine. */
const patience = { headMs: 5_000, requestMs: 6_000, checkMs: 100, answerMs: 2_000, stillMs: 60_000 };
const environment = { PAPO_METRICS_ADDR: '127.0.0.1:0' };
const server = attackedServer(environment, 'this process', { patience });

const dripEveryMs = 200;
const dripBytes = 16 * 1024;
const manyPages = 64;

/** Connections that send the beginning of a request at once, then byte after byte, without an end, until they are cut off. */
function drip(count: number, request: string, atOnce: (at: number) => number): RawConnection[] {
  return Array.from({ length: count }, (_, at) => {
    const connection = new RawConnection(server.url);
    let sent = atOnce(at);
    connection.write(request.slice(0, sent));
    const timer = setInterval(() => {
      if (connection.ended) clearInterval(timer);
      else connection.write(request[sent] ?? 'x');
      sent += 1;
    }, dripEveryMs);
    return connection;
  });
}

/** Others are served while these are at it; then all of them are cut off, and told why. */
async function requireCutOff(begin: () => RawConnection[]): Promise<void> {
  const person = await server.register();
  const slow = begin();
  const { status } = await server.send(server.general, 'meanwhile', person);
  assert.equal(status, 201);
  assert.ok(slow.every(({ ended }) => !ended));
  const answers = await Promise.all(slow.map(async connection => responsesIn(await connection.rest())));
  assert.deepEqual(new Set(answers.map(of => of.map(({ status }) => status).join())), new Set(['408']));
}

test('[abuse 38] five hundred requests whose heads come byte by byte are cut off, and others served meanwhile', async () => {
  const head = 'GET /rooms HTTP/1.1\r\nHost: papo\r\nX-Slow: ';
  await requireCutOff(() => drip(500, head, at => at % head.length));
});

test('[abuse 38] bodies that come byte by byte are cut off, and nothing of them is performed', async () => {
  const head = ['POST /login HTTP/1.1', 'Host: papo', json, 'Content-Length: 1000', '', ''].join('\r\n');
  await requireCutOff(() => drip(100, head, () => head.length));
});

test('[abuse 38] handshakes of sockets that come byte by byte are cut off', async () => {
  const handshake = `${handshakeBytes(server.url).slice(0, -2)}X-Slow: `;
  await requireCutOff(() => drip(100, handshake, at => handshake.length - (at % 20)));
});

test('[abuse 38] who reads answers bit by bit is cut off before all are made', async t => {
  const person = await server.register();
  const { body } = await server.post<{ room: { id: string } }>('/rooms', { name: 'large' }, person);
  const room = body.room.id;
  for (let at = 0; at < limits.maxAnswerBytes / limits.maxTextBytes; at += 1) {
    await server.send(room, 'x'.repeat(limits.maxTextBytes), person);
  }
  const { hostname, port } = new URL(server.url);
  let isRead = false;
  const socket = connect({
    host: hostname,
    port: Number(port),
    // However much has come: no more than this at a time.
    onread: {
      buffer: Buffer.alloc(dripBytes),
      callback: () => {
        isRead = true;
        return false;
      },
    },
  });
  socket.on('error', () => {});
  const fields = ['Host: papo', `Authorization: Bearer ${person.token}`];
  socket.write(
    [`GET /rooms/${room}/messages?limit=100 HTTP/1.1`, ...fields, '', ''].join('\r\n').repeat(manyPages),
  );
  const reading = setInterval(() => {
    socket.resume();
    // An empty line says nothing, but fails where nobody is any more: much that was sent before is still unread.
    socket.write('\r\n');
  }, dripEveryMs);
  atEnd(t, () => {
    clearInterval(reading);
    socket.destroy();
  });
  const made = async () =>
    (await server.metrics()).get(
      'papo_http_requests_total{method="GET",route="message.history",status="200"}',
    ) ?? 0;
  await eventually('it is cut off', () => socket.destroyed);
  assert.ok(isRead);
  assert.ok((await made()) < manyPages, `${await made()} pages`);
});

test('[abuse 38] elsewhere, too, a request has fifteen seconds to arrive', () => {
  const { headMs, requestMs, checkMs, answerMs, stillMs } = usualPatience;
  for (const ms of [headMs, requestMs]) assert.ok(ms + checkMs <= 15_000);
  for (const ms of [answerMs, stillMs]) assert.ok(ms <= 60_000);
});
