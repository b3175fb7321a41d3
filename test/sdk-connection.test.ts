import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../src/sdk/backoff.ts';
import { ChatError } from '../src/sdk/index.ts';
import { anew, current, FakeChat, room } from './support/fake-chat.ts';
import { settle } from './support/fake-clock.ts';
import { bruno, hello } from './support/fake-socket.ts';

const general = room('general');
const pong = { at: '2026-01-01T00:00:00.000Z' };
const status = (code: number) => () => Response.json({}, { status: code });

test('connects with the token as a subprotocol, syncs, and is live', async () => {
  const chat = new FakeChat({ url: 'https://chat.test/papo/' });
  const connected = chat.client.connect();
  await settle();
  assert.equal(chat.socket.url, 'wss://chat.test/papo/ws');
  assert.deepEqual(chat.socket.protocols, ['papo.v1', 'bearer.token-1']);
  const socket = await chat.greet();
  assert.deepEqual(socket.inputs('sync'), [{ log: 'log-1', rooms: {} }]);
  await socket.answer('sync', anew(general));
  await connected;
  assert.deepEqual(chat.toldOf('state'), ['state connecting', 'state syncing', 'state live']);
  assert.equal(chat.client.me?.username, 'ana');
});

test('url and token may be functions, asked anew for every attempt', async () => {
  const asked: string[] = [];
  const chat = new FakeChat({
    url: async () => `http://node-${asked.push('url')}.test`,
    token: async () => `token-${asked.push('token')}`,
  });
  await chat.connect(anew(general));
  await chat.reconnect(current(general));
  assert.deepEqual(
    chat.network.sockets.map(({ url, protocols }) => `${url} ${protocols[1]}`),
    ['ws://node-1.test/ws bearer.token-2', 'ws://node-3.test/ws bearer.token-4'],
  );
});

for (const code of [1000, 1001, 1005, 1006, 1011, 1012, 1013, 4000, 4002, 4003, 4004, 4499]) {
  test(`[CLIENT-11] close code ${code}: reconnects`, async () => {
    const chat = new FakeChat();
    await chat.connect(anew(general));
    await chat.socket.drop(code, 'why');
    assert.deepEqual(chat.client.state, {
      name: 'waiting',
      retryInMs: 125,
      retryAt: chat.clock.now() + 125,
      detail: `${code} why`,
    });
    await chat.clock.advance(125);
    assert.equal(chat.client.state.name, 'connecting');
    assert.equal(chat.network.sockets.length, 2);
  });
}

for (const [code, reason] of [
  [4500, 'refused'],
  [4501, 'unauthorized'],
  [4999, 'refused'],
] as const) {
  test(`[CLIENT-11] close code ${code}: stays closed, with the reason`, async () => {
    const chat = new FakeChat();
    await chat.connect(anew(general));
    await chat.socket.drop(code, 'why');
    assert.deepEqual(chat.client.state, { name: 'closed', reason, detail: `${code} why` });
    await chat.clock.advance(600_000);
    assert.equal(chat.network.sockets.length, 1);
    assert.equal(chat.clock.timers, 0);
  });
}

test('[CLIENT-22] the back-off is exponential with full jitter, and bounded', () => {
  assert.equal(
    backoffMs(0, () => 0),
    0,
  );
  assert.deepEqual(
    [0, 1, 2, 6, 7, 8, 5000].map(attempt => backoffMs(attempt, () => 0.999_999)).map(Math.round),
    [250, 500, 1000, 16_000, 30_000, 30_000, 30_000],
  );
});

test('[CLIENT-22] each attempt that fails waits longer, and only a connection that stayed live starts afresh; else two failures count on', async () => {
  const chat = new FakeChat();
  const waits: number[] = [];
  chat.client.on('state', state => state.name === 'waiting' && waits.push(state.retryInMs));
  void chat.client.connect();
  for (let i = 0; i < 3; i++) {
    await settle();
    await chat.socket.drop();
    await chat.clock.advance(waits.at(-1) ?? 0);
  }
  const socket = await chat.greet();
  await socket.answer('sync', anew(general));
  await chat.clock.advance(9_999);
  await socket.drop();
  assert.deepEqual(waits, [125, 250, 500, 500]);
  await chat.clock.advance(500);
  await (await chat.greet()).answer('sync', current(general));
  await chat.clock.advance(10_000);
  await chat.socket.drop();
  assert.equal(waits.at(-1), 125);
});

test('connect, while waiting to reconnect, tries at once', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(general));
  await chat.socket.drop();
  void chat.client.connect();
  await settle();
  assert.equal(chat.network.sockets.length, 2);
  await chat.clock.advance(1000);
  assert.equal(chat.network.sockets.length, 2);
});

test('[CLIENT-13] a refused handshake is looked into: a token that /me refuses ends the attempts', async () => {
  const chat = new FakeChat();
  chat.respond = status(401);
  const connected = chat.client.connect();
  await settle();
  await chat.socket.drop();
  assert.equal(chat.fetched[0]?.url, 'http://chat.test/me');
  assert.equal(chat.fetched[0]?.headers.get('authorization'), 'Bearer token-1');
  assert.deepEqual(chat.client.state, {
    name: 'closed',
    reason: 'unauthorized',
    detail: 'the server refuses the token',
  });
  await assert.rejects(connected, { name: 'ChatError', code: 'unauthorized' });
});

test('[CLIENT-13] a token function gets one more chance, is told which token was refused, and then it ends', async () => {
  const asked: (string | undefined)[] = [];
  const chat = new FakeChat({ token: refused => `token-${asked.push(refused)}` });
  chat.respond = status(401);
  void chat.client.connect();
  await settle();
  await chat.socket.drop();
  assert.equal(chat.network.sockets.length, 2);
  await chat.socket.drop();
  assert.deepEqual(asked, [undefined, 'token-1']);
  assert.equal(chat.client.state.name, 'closed');
  assert.equal(chat.network.sockets.length, 2);
});

test('a fresh token that is taken is the end of the matter: the next refusal gets a chance again', async () => {
  const asked: (string | undefined)[] = [];
  const chat = new FakeChat({ token: refused => `token-${asked.push(refused)}` });
  chat.respond = status(401);
  void chat.client.connect();
  await settle();
  await chat.socket.drop();
  await (await chat.greet()).answer('sync', anew(general));
  await chat.socket.drop();
  await chat.wait();
  await chat.socket.drop();
  assert.deepEqual(asked, [undefined, 'token-1', undefined, 'token-3']);
});

for (const [what, respond] of [
  ['a server that cannot be reached', () => Promise.reject(new TypeError('fetch failed')) as never],
  ['a server error', status(503)],
  ['a token that is good', () => Response.json({ user: {} })],
] as const) {
  test(`a handshake that fails with ${what} is tried again`, async () => {
    const chat = new FakeChat();
    chat.respond = respond;
    void chat.client.connect();
    await settle();
    await chat.socket.drop();
    assert.equal(chat.client.state.name, 'waiting');
    assert.equal(chat.fetched.length, 1);
  });
}

test('a connection that was open is not looked into', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(general));
  await chat.socket.drop();
  assert.deepEqual(chat.fetched, []);
});

test('a token function that throws is tried again, unless it says that this is for ever', async () => {
  let error: Error = new TypeError('fetch failed');
  const chat = new FakeChat({ token: () => Promise.reject(error) });
  void chat.client.connect();
  await settle();
  assert.equal(chat.client.state.name, 'waiting');
  error = new ChatError('invalid_credentials', 'wrong password');
  await chat.clock.advance(125);
  assert.deepEqual(chat.client.state, { name: 'closed', reason: 'unauthorized', detail: 'wrong password' });
});

test('an address that is none closes with the reason', async () => {
  const chat = new FakeChat({ url: 'nonsense' });
  await assert.rejects(chat.client.connect(), { code: 'forbidden', message: 'not a URL: nonsense' });
  assert.equal(chat.client.state.name, 'closed');
});

test('no hello in time: the connection is given up and made again', async () => {
  const chat = new FakeChat();
  void chat.client.connect();
  await settle();
  const { socket } = chat;
  socket.open();
  await chat.clock.advance(14_999);
  assert.equal(socket.closed, undefined);
  await chat.clock.advance(1);
  assert.ok(socket.closed);
  assert.equal(chat.client.state.name, 'waiting');
});

test('[CLIENT-14] heartbeat: after silence it pings, and an answer is enough', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  await chat.clock.advance(20_000);
  await socket.receive({ event: 'unknown' });
  await chat.clock.advance(29_999);
  assert.deepEqual(socket.inputs('ping'), []);
  await chat.clock.advance(1);
  assert.deepEqual(socket.inputs('ping'), [{}]);
  await socket.answer('ping', pong);
  await chat.clock.advance(29_999);
  assert.deepEqual(socket.inputs('ping'), []);
  assert.equal(chat.client.state.name, 'live');
});

test('[G5] [CLIENT-14] heartbeat: a ping without an answer gives the connection up, whether or not the socket says so', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  await chat.clock.advance(39_999);
  assert.equal(chat.client.state.name, 'live');
  await chat.clock.advance(1);
  assert.equal(chat.client.state.name, 'waiting');
  assert.deepEqual(socket.closed, { code: 4003, reason: 'nothing heard' });
});

test('what an abandoned socket still says is not heard', async () => {
  const chat = new FakeChat();
  const first = await chat.connect(anew(general));
  await chat.clock.advance(40_000 + 125);
  const second = await chat.greet();
  await second.answer('sync', current(general));
  await first.receive({ event: 'left', room: 'general' });
  await first.drop(4500);
  assert.equal(chat.client.rooms.size, 1);
  assert.equal(chat.client.state.name, 'live');
});

test('close ends everything: no timer is left and nothing is tried again', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  chat.client.close();
  assert.deepEqual(chat.client.state, { name: 'closed', reason: 'closed', detail: 'closed by the client' });
  assert.equal(socket.closed?.code, 1000);
  assert.equal(chat.clock.timers, 0);
});

test('close in the middle of an attempt stops it', async () => {
  const token = Promise.withResolvers<string>();
  const chat = new FakeChat({ token: () => token.promise });
  const connected = chat.client.connect();
  chat.client.close();
  token.resolve('late');
  await settle();
  assert.equal(chat.network.sockets.length, 0);
  await assert.rejects(connected, { code: 'unavailable' });
});

test('close from within a listener holds', async () => {
  for (const name of ['connecting', 'syncing', 'live', 'waiting']) {
    const chat = new FakeChat();
    chat.client.on('state', state => state.name === name && chat.client.close());
    void chat.client.connect();
    await settle();
    if (name !== 'connecting') {
      const socket = await chat.greet();
      if (name !== 'syncing') await socket.answer('sync', anew(general));
      await socket.drop();
    }
    await chat.clock.advance(60_000);
    assert.equal(chat.client.state.name, 'closed', name);
    assert.ok(chat.network.sockets.length < 2, name);
  }
});

test('a sync that is refused is tried on the next connection, not before the server wants it', async () => {
  const chat = new FakeChat();
  void chat.client.connect();
  const socket = await chat.greet();
  await socket.refuse('sync', { code: 'unavailable', retryable: true, retryAfterMs: 5000 });
  assert.ok(socket.closed);
  assert.equal(chat.client.state.name === 'waiting' && chat.client.state.retryInMs, 5000);
});

test('a connection lost while syncing is made again, once', async () => {
  const chat = new FakeChat();
  void chat.client.connect();
  await (await chat.greet()).drop();
  assert.equal(chat.client.state.name, 'waiting');
  await chat.clock.advance(10_000);
  assert.equal(chat.network.sockets.length, 2);
  assert.deepEqual(chat.toldOf('state').slice(2), ['state waiting', 'state connecting']);
});

test('a connection lost in the moment in which sync is answered is not live', async () => {
  const chat = new FakeChat();
  void chat.client.connect();
  const socket = await chat.greet();
  socket.push(socket.answerTo('sync', anew(general)));
  await socket.drop();
  assert.deepEqual(chat.toldOf('state live'), []);
  await chat.wait();
  await (await chat.greet()).answer('sync', current(general));
  assert.equal(chat.client.state.name, 'live');
});

test('nothing of one user goes out under the name of another', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(general));
  chat.client.send('general', 'from ana');
  await chat.socket.drop();
  await chat.clock.advance(125);
  const socket = await chat.greet({ user: bruno });
  assert.deepEqual(socket.unanswered, []);
  assert.equal(chat.client.state.name, 'closed');
});

test('another protocol than the one spoken here closes', async () => {
  const chat = new FakeChat();
  void chat.client.connect();
  await chat.greet({ protocol: 2 });
  assert.equal(chat.client.state.name === 'closed' && chat.client.state.reason, 'refused');
});

test('[CLIENT-15] frames that make no sense are reported, and change nothing', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  await socket.receive('{"event":', 'null', '7', hello(), { event: 'weather' }, { ref: 99, output: {} });
  assert.deepEqual(
    chat.toldOf('error'),
    Array.from({ length: 3 }, () => 'error the server sent an unexpected frame'),
  );
  assert.equal(chat.client.state.name, 'live');
});

test('call asks over the socket and gives the output, or the error as the server said it', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  const listed = chat.client.call('room.list', {});
  await settle();
  await socket.answer('room.list', { rooms: [general] });
  assert.deepEqual((await listed).rooms, [general]);
  const left = chat.client.call('room.leave', { room: 'general' });
  await settle();
  const refused = assert.rejects(left, { name: 'ChatError', code: 'forbidden', retryable: false });
  await socket.refuse('room.leave', { code: 'forbidden', retryable: false });
  await refused;
});

test('calls reach the server in the order in which they were made', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  void chat.client.call('room.list', {});
  void chat.client.call('room.browse', {});
  void chat.client.call('account.me', {});
  await settle();
  assert.deepEqual(
    socket.unanswered.map(({ op }) => op),
    ['room.list', 'room.browse', 'account.me'],
  );
});

test('call waits for a connection that is on its way, at most ten seconds', async () => {
  const chat = new FakeChat();
  await assert.rejects(chat.client.call('room.list', {}), { code: 'unavailable' });
  void chat.client.connect();
  const patient = chat.client.call('room.list', {});
  await chat.clock.advance(9_999);
  const socket = await chat.greet();
  await socket.answer('sync', anew(general));
  await socket.answer('room.list', { rooms: [] });
  assert.deepEqual(await patient, { rooms: [] });
  await socket.drop();
  const late = assert.rejects(chat.client.call('room.list', {}), { code: 'unavailable', retryable: true });
  await chat.clock.advance(10_000);
  await late;
});

test('a call whose connection is lost is undecided, and not repeated', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(general));
  const created = chat.client.call('room.create', { name: 'x' });
  const undecided = assert.rejects(created, { code: 'unavailable', retryable: true });
  await settle();
  const socket = await chat.reconnect(current(general));
  await undecided;
  assert.deepEqual(socket.unanswered, []);
});

test('an aborted call rejects with the reason, and is not sent if it was not yet', async () => {
  const chat = new FakeChat();
  void chat.client.connect();
  const abort = new AbortController();
  const call = chat.client.call('room.list', {}, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await assert.rejects(call, { message: 'enough' });
  await assert.rejects(chat.client.call('room.list', {}, { signal: abort.signal }), { message: 'enough' });
  const socket = await chat.greet();
  await socket.answer('sync', anew(general));
  assert.deepEqual(socket.unanswered, []);
});

test('who no longer waits to be connected is told so; the client goes on', async () => {
  const chat = new FakeChat();
  const abort = new AbortController();
  const connected = chat.client.connect({ signal: abort.signal });
  abort.abort(new Error('enough'));
  await assert.rejects(connected, { message: 'enough' });
  await (await chat.greet()).answer('sync', anew(general));
  assert.equal(chat.client.state.name, 'live');
});

test('a listener that throws is reported and disturbs nobody', async () => {
  const chat = new FakeChat();
  chat.client.on('state', () => {
    throw new Error('oops');
  });
  chat.client.on('state', () => Promise.reject(new Error('later')));
  chat.client.on('error', () => {
    throw new Error('even here');
  });
  const states: string[] = [];
  const stop = chat.client.on('state', ({ name }) => states.push(name));
  await chat.connect(anew(general));
  assert.deepEqual(states, ['connecting', 'syncing', 'live']);
  assert.equal(chat.toldOf('error a listener for state threw').length, 6);
  stop();
  chat.client.close();
  assert.equal(states.length, 3);
});
