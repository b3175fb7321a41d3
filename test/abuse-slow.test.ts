/** Row 38 of abuse.md: who takes their time on purpose. The server is less patient here than elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../src/contract/limits.ts';
import { usualPatience } from '../src/server/doors/patience.ts';
import { attackedServer, json, requireProblem } from './support/abuse.ts';
import { handshakeBytes, RawConnection, responsesIn } from './support/abuse-wire.ts';
import { eventually } from './support/waiting.ts';

const patience = { headMs: 2_000, requestMs: 3_000, checkMs: 100, answerMs: 2_000, stillMs: 60_000 };
const server = attackedServer({}, 'this process', { patience });
/** Its still connections end before the database gives a question up, which is after five seconds. */
const restless = attackedServer({}, 'this process', { patience: { ...usualPatience, stillMs: 3_000 } });

const dripEveryMs = 200;
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
async function requireCutOff(slow: readonly RawConnection[]): Promise<void> {
  const person = await server.register();
  const { status } = await server.send(server.general, 'meanwhile', person);
  assert.equal(status, 201);
  assert.ok(slow.every(({ ended }) => !ended));
  const answers = await Promise.all(slow.map(async connection => responsesIn(await connection.rest())));
  assert.deepEqual(new Set(answers.map(of => of.map(({ status }) => status).join())), new Set(['408']));
}

test('[abuse 38] five hundred requests whose heads come byte by byte are cut off, and others served meanwhile', async () => {
  const head = 'GET /rooms HTTP/1.1\r\nHost: papo\r\nX-Slow: ';
  await requireCutOff(drip(500, head, at => at % head.length));
});

test('[abuse 38] bodies that come byte by byte are cut off, and nothing of them is performed', async () => {
  const head = ['POST /login HTTP/1.1', 'Host: papo', json, 'Content-Length: 1000', '', ''].join('\r\n');
  await requireCutOff(drip(100, head, () => head.length));
});

test('[abuse 38] handshakes of sockets that come byte by byte are cut off', async () => {
  const handshake = `${handshakeBytes(server.url).slice(0, -2)}X-Slow: `;
  await requireCutOff(drip(100, handshake, at => handshake.length - (at % 20)));
});

test('[abuse 38] who reads answers bit by bit is cut off before all are made', async () => {
  const person = await server.register();
  const { body } = await server.post<{ room: { id: string } }>('/rooms', { name: 'large' }, person);
  const room = body.room.id;
  for (let at = 0; at < limits.maxAnswerBytes / limits.maxTextBytes; at += 1) {
    await server.send(room, 'x'.repeat(limits.maxTextBytes), person);
  }
  const connection = new RawConnection(server.url);
  const fields = ['Host: papo', `Authorization: Bearer ${person.token}`];
  connection.write(
    [`GET /rooms/${room}/messages?limit=100 HTTP/1.1`, ...fields, '', ''].join('\r\n').repeat(manyPages),
  );
  const { socket } = connection;
  socket.pause();
  // A piece has 64 KiB at most: with one in so long, an answer takes longer than the server has patience for.
  const reading = setInterval(() => {
    if (socket.listenerCount('data') > 1) return;
    socket.once('data', () => socket.pause());
    socket.resume();
  }, patience.answerMs / 2);
  // An empty line between requests means nothing; on a connection that is gone it is answered with a reset.
  const nagging = setInterval(() => socket.write('\r\n'), dripEveryMs);
  try {
    await eventually('it is cut off', () => socket.destroyed || connection.ended, 60_000);
  } finally {
    clearInterval(reading);
    clearInterval(nagging);
    socket.destroy();
  }
  const answers = responsesIn(connection.received);
  assert.ok(answers.length < manyPages, `${answers.length} answers`);
});

test('[abuse 38] a connection on which nothing is ever said is cut off, and so is one on which nothing more is', async () => {
  const [never, once] = [new RawConnection(server.url), new RawConnection(server.url)];
  once.write('GET /livez HTTP/1.1\r\nHost: papo\r\n\r\n');
  const answers = await Promise.all([never, once].map(async each => responsesIn(await each.rest())));
  assert.deepEqual(
    answers.map(of => of.map(({ status }) => status)),
    [[408], [200]],
  );
  requireProblem(answers[0]?.[0], 408, 'timeout');
});

test('[abuse 38] a request on whose connection nothing moves is cut off unanswered, a socket that is silent for as long is not', async () => {
  const person = await restless.register();
  const socket = await restless.connect(person);
  // Nobody can be found to be signed in.
  const lock = await restless.lock('lock table logins in access exclusive mode', []);
  try {
    const connection = new RawConnection(restless.url);
    connection.write(restless.head('GET', '/me', [`Authorization: Bearer ${person.token}`]));
    assert.equal(String(await connection.rest()), '');
  } finally {
    await lock.release();
  }
  assert.ok((await socket.call('still here', 'ping')).output);
});

test('[abuse 38] elsewhere, too, a request has fifteen seconds to arrive', () => {
  const { headMs, requestMs, checkMs, answerMs, stillMs } = usualPatience;
  for (const ms of [headMs, requestMs]) assert.ok(ms + checkMs <= 15_000);
  for (const ms of [answerMs, stillMs]) assert.ok(ms <= 60_000);
});
