/** Rows 27, 28, 40 and 41b of abuse.md: who sends without end, or never reads. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { limits } from '../src/contract/limits.ts';
import type { Message, Room } from '../src/contract/objects.ts';
import { attackedServer, type Person } from './support/abuse.ts';
import { frame, opcodes, RawConnection, type RawSocket, responsesIn } from './support/abuse-wire.ts';
import { TestSocket } from './support/people.ts';
import { eventually } from './support/waiting.ts';

const server = attackedServer();

const floodSize = 200_000;

const many = (count: number, bytes: Buffer) => Buffer.concat(Array.from({ length: count }, () => bytes));

const pongs = (socket: RawSocket) => socket.frames.filter(({ opcode }) => opcode === opcodes.pong);

test('[abuse 28] a flood of pings is cut off, whether its pongs are read or not', async () => {
  const ping = frame({ opcode: opcodes.ping, payload: 'x'.repeat(125) });
  for (const reads of [true, false]) {
    const socket = await server.connect(await server.register());
    const { connection } = socket;
    if (!reads) connection.socket.pause();
    socket.write(many(floodSize, ping));
    await connection.until('the end', () => connection.ended);
    // Most of it was never answered.
    assert.ok(pongs(socket).length < floodSize / 2, `${pongs(socket).length} pongs`);
  }
});

test('[abuse 28] pings from someone who reads are answered each, in order', async () => {
  const socket = await server.connect(await server.register());
  const payloads = Array.from({ length: 100 }, (_, at) => String(at));
  for (const payload of payloads) {
    socket.write(frame({ opcode: opcodes.ping, payload }));
    await socket.connection.until('its pong', () => pongs(socket).at(-1)?.payload.toString() === payload);
  }
  assert.equal(pongs(socket).length, payloads.length);
});

test('[abuse 28] pongs that nobody asked for are no harm', async () => {
  const socket = await server.connect(await server.register());
  socket.write(many(50_000, frame({ opcode: opcodes.pong, payload: 'x' })));
  assert.ok((await socket.call(1, 'ping')).output);
});

test('[abuse 28] 200,000 fragments without an end close the connection, whatever is in them', async () => {
  for (const payload of ['', 'x']) {
    const socket = await server.connect(await server.register());
    const first = frame({ fin: false, payload: '{' });
    const more = frame({ opcode: opcodes.continuation, fin: false, payload });
    socket.write(first, many(floodSize, more));
    assert.ok([1008, 1006].includes(await socket.closed()));
  }
});

test('[abuse 28] fragments that are too large together close the connection before their end', async () => {
  const socket = await server.connect(await server.register());
  const payload = 'x'.repeat(1024);
  socket.write(
    frame({ fin: false, payload }),
    many(200, frame({ opcode: opcodes.continuation, fin: false, payload })),
  );
  assert.ok([1009, 1006].includes(await socket.closed()));
});

test('[abuse 27] compression is not negotiated, however it is offered', async () => {
  const person = await server.register();
  const offers = [
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits; server_max_window_bits=15',
    'permessage-deflate; server_no_context_takeover, permessage-deflate',
    'x-webkit-deflate-frame, deflate-frame, permessage-bzip2',
  ];
  for (const offer of offers) {
    const socket = await server.connect(person, { headers: [['Sec-WebSocket-Extensions', offer]] });
    assert.equal(socket.response.headers['sec-websocket-extensions'], undefined);
    const compressed = deflateRawSync('{"ref":1,"op":"ping"}');
    socket.write(frame({ rsv: 0x40, payload: compressed }));
    assert.equal(await socket.closed(), 1002);
  }
});

test('[abuse 27] an extension that is no extension is a bad request or ignored', async () => {
  const person = await server.register();
  for (const offer of ['permessage-deflate; =', '=', ';', ',,', 'x; y="', '__proto__', 'a'.repeat(8_000)]) {
    const headers = [
      ['Authorization', `Bearer ${person.token}`],
      ['Sec-WebSocket-Extensions', offer],
    ] as const;
    const { response } = await server.handshake({ headers });
    assert.ok(response.status === 101 || response.status === 400, `${offer}: ${response.status}`);
    assert.equal(response.headers['sec-websocket-extensions'], undefined);
  }
});

test('[abuse 40] whoever sends faster than is stored is not read, and everything is stored once it can be', async () => {
  const person = await server.register();
  const made = await server.post<{ room: Room }>('/rooms', { name: 'slow', kind: 'private' }, person);
  const room = made.body.room.id;
  const socket = await TestSocket.open(server.url, person.token);
  const lock = await server.lock('select from room_heads where room_id = $1 for update', [room]);
  const texts = Array.from({ length: 1_000 }, (_, at) => `${at} `.padEnd(limits.maxTextBytes, 'x'));
  const sent = texts.map(text => socket.call('message.send', { room, id: randomUUID(), text }));
  // Whatever the server still takes it takes while others are answered.
  await eventually('the server stops reading', async () => {
    const before = socket.socket.bufferedAmount;
    for (let turn = 0; turn < 20; turn += 1) await server.get('/me', person);
    return socket.socket.bufferedAmount === before;
  });
  const total = texts.length * limits.maxTextBytes;
  assert.ok(
    socket.socket.bufferedAmount > total / 3,
    `${socket.socket.bufferedAmount} of ${total} are not sent`,
  );
  await lock.release();
  const messages = (await Promise.all(sent)).map(({ message }) => message);
  assert.deepEqual(
    messages.map(({ seq }) => seq),
    texts.map((_, at) => at + 1),
  );
  assert.deepEqual(
    messages.map(({ text }) => text),
    texts,
  );
  for (const message of messages.slice(-10)) server.acknowledged(room, message);
  await socket.close();
});

const pageCount = 64;
const long = 'x'.repeat(limits.maxTextBytes);

/** A room whose newest page is as large as an answer may be. */
async function largeRoom(person: Person): Promise<string> {
  const made = await server.post<{ room: Room }>('/rooms', { name: 'large', kind: 'private' }, person);
  const room = made.body.room.id;
  for (let at = 0; at < limits.maxAnswerBytes / limits.maxTextBytes; at += 1)
    await server.send(room, long, person);
  return room;
}

/** Goes on while nothing of what was asked for is read; then something newer is there. */
async function meanwhile(room: string, person: Person): Promise<void> {
  // Much later than it takes to make all pages at once, were that allowed.
  for (let turn = 0; turn < 200; turn += 1) await server.get('/me', person);
  await server.send(room, 'sent while nothing was read', person);
}

/** Pages that are made as they are read have what came meanwhile. */
function requireMadeLater(pages: readonly { messages: Message[] }[]): void {
  assert.equal(pages.length, pageCount);
  const late = pages.filter(({ messages }) => messages.at(-1)?.text !== long);
  assert.ok(late.length > pageCount / 4, `${late.length} of ${pageCount} pages were made after the pause`);
}

test('[abuse 41b] the largest pages, 64 at once and unread, are made as they are read, and all arrive', async () => {
  const person = await server.register();
  const room = await largeRoom(person);
  const socket = await TestSocket.open(server.url, person.token);
  socket.socket.pause();
  const pages = Array.from({ length: pageCount }, () => socket.call('message.history', { room, limit: 100 }));
  await meanwhile(room, person);
  socket.socket.resume();
  requireMadeLater(await Promise.all(pages));
  await socket.close();
});

test('[abuse 41b] over HTTP, too, requests that do not wait for answers are performed as these are read', async () => {
  const person = await server.register();
  const room = await largeRoom(person);
  const connection = new RawConnection(server.url);
  connection.socket.pause();
  const fields = ['Host: x', `Authorization: Bearer ${person.token}`];
  const request = [`GET /rooms/${room}/messages?limit=100 HTTP/1.1`, ...fields, '', ''].join('\r\n');
  connection.write(request.repeat(pageCount), server.head('GET', '/me', fields.slice(1)));
  await meanwhile(room, person);
  connection.socket.resume();
  const answers = responsesIn(await connection.rest());
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  requireMadeLater(answers.slice(0, pageCount).map(({ body }) => JSON.parse(body)));
});

test('[abuse 27, 28, 40, 41b] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
