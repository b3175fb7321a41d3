/** Row 37 of abuse.md: everything the server says, held against the fields of the contract. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { ServerEvent } from '../src/contract/events.ts';
import type { Grant, Room } from '../src/contract/objects.ts';
import { type Input, type OperationName, type Output, operations } from '../src/contract/operations.ts';
import { attackedServer, newName, type Person, present } from './support/abuse.ts';
import { AnswerError, TestSocket } from './support/people.ts';
import { httpRequest, requireFrame, requireOutput, requireProblemBody, strict } from './support/strict.ts';

const server = attackedServer();

/** What never stands in an answer or an event: hashes, and addresses of clients. */
const neverSaid = /argon2|password|127\.0\.0\.1|::1\b|hash|digest|generation|login_?id/i;
const grants: readonly string[] = ['account.register', 'account.login', 'account.refresh'];

const asked = new Set<OperationName>();

async function overHttp<N extends OperationName>(op: N, input: Input<N>, who?: Person): Promise<Output<N>> {
  const { method, path, body } = httpRequest(present(operations[op].http), input as Record<string, unknown>);
  const response = await server.request<Output<N>>(method, path, { ...(who && { token: who.token }), body });
  assert.equal(response.status, operations[op].http?.status, `${op}: ${JSON.stringify(response.body)}`);
  if (response.status !== 204) requireOutput(op, response.body);
  requireSilence(op, response.body);
  asked.add(op);
  return response.body;
}

async function onSocket<N extends OperationName>(
  socket: TestSocket,
  op: N,
  input: Input<N>,
): Promise<Output<N>> {
  const output = await socket.call(op, input);
  requireOutput(op, output);
  requireSilence(op, output);
  asked.add(op);
  return output;
}

function requireSilence(op: string, said: unknown): void {
  const text = JSON.stringify(said) ?? '';
  assert.doesNotMatch(text, neverSaid);
  // A Grant is for the one who signs in, and is said to nobody else.
  if (grants.includes(op)) return;
  for (const secret of server.secrets) assert.ok(!text.includes(secret), `${op} tells a secret`);
}

test('[abuse 37] a field that is not in the contract is seen by this test', () => {
  const user = {
    id: randomUUID(),
    username: 'ana',
    displayName: 'Ana',
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  requireOutput('account.me', { user });
  assert.throws(() => requireOutput('account.me', { user: { ...user, passwordHash: 'x' } }));
  assert.throws(() => requireOutput('account.me', { user, token: 'x' }));
  const change = { event: 'change', room: user.id, from: 1, version: 1 };
  requireFrame(change);
  assert.throws(() => requireFrame({ ...change, address: '192.0.2.1' }));
  assert.throws(() => requireFrame({ ref: 1, output: {}, error: undefined, stack: 'x' }));
  assert.ok(strict(operations.sync.output).safeParse({ rooms: [], left: [], more: 1 }).error);
});

test('[abuse 37] every operation, by either door, and every event says what the contract names and no more', async () => {
  const [ana, bruno, carla] = [await server.register(), await server.register(), await server.register()];
  const lines = await Promise.all(
    [ana, ana, bruno, carla].map(person => TestSocket.live(server.url, person.token)),
  );
  const [a, , b, c] = lines as [TestSocket, TestSocket, TestSocket, TestSocket];

  const username = newName();
  const password = server.newPassword();
  await overHttp('account.register', { username, password, displayName: 'Somebody Else' });
  const signedIn = (await overHttp('account.login', { username, password })) as Grant;
  const refreshed = await overHttp('account.refresh', { refreshToken: signedIn.refreshToken });
  server.secrets.add(refreshed.token);
  const guest = { ...refreshed, password };
  await overHttp('account.me', {}, guest);

  const { room } = await onSocket(a, 'room.create', { name: 'fields', topic: 'what is said' });
  const id = room.id;
  await overHttp('room.invite', { room: id, user: bruno.user.id }, ana);
  await onSocket(c, 'room.join', { room: id });
  await overHttp('room.join', { room: id, history: 10 }, guest);
  for (const line of [a, b, c]) {
    await onSocket(line, 'message.send', { room: id, id: randomUUID(), text: 'on a socket' });
  }
  await overHttp('message.send', { room: id, id: randomUUID(), text: 'over HTTP' }, guest);
  await onSocket(a, 'room.update', { room: id, name: 'more fields', topic: '' });
  await onSocket(b, 'room.read', { room: id, seq: 2 });
  await overHttp('room.read', { room: id, seq: 3 }, bruno);
  await onSocket(a, 'room.remove', { room: id, user: carla.user.id });
  await onSocket(b, 'room.leave', { room: id });
  await onSocket(a, 'direct.open', { username: bruno.user.username });
  await overHttp('direct.open', { user: carla.user.id }, bruno);
  for (const who of [ana, bruno, carla, guest]) {
    await overHttp('room.list', {}, who);
    await overHttp('room.list', { limit: 1 }, who);
    await overHttp('room.browse', { query: 'f', limit: 1 }, who);
    await overHttp('room.get', { room: id }, who);
    await overHttp('user.find', { query: 'person' }, who);
  }
  await overHttp('room.members', { room: id, limit: 1 }, ana);
  await overHttp('room.changes', { room: id, after: 0 }, ana);
  await overHttp('message.history', { room: id, limit: 2 }, ana);
  for (const line of [a, b, c]) {
    const { log = '' } = line.hello ?? {};
    await onSocket(line, 'sync', {});
    await onSocket(line, 'sync', { log, rooms: { [id]: 1, [server.general]: 3, [randomUUID()]: 1 } });
  }
  const { rooms } = await onSocket(a, 'room.list', {});
  for (const { id: each } of rooms) await onSocket(a, 'room.changes', { room: each, after: 0 });
  await onSocket(a, 'token.renew', { token: ana.token });
  await onSocket(a, 'ping', {});
  await overHttp('administrator.claim', { code: await server.claimCode() }, ana);
  for (const user of [carla.user.id, bruno.user.id]) {
    await overHttp('account.promote', { user }, ana);
    await onSocket(a, 'account.demote', { user });
  }
  await overHttp('account.disable', { user: guest.user.id }, ana);
  await onSocket(a, 'account.list', {});
  await overHttp('account.list', { query: 'person', limit: 2 }, ana);
  await overHttp('account.get', { user: guest.user.id }, ana);
  await overHttp('account.enable', { user: guest.user.id }, ana);
  await onSocket(a, 'account.me', {});
  const again = (await overHttp('account.login', { username, password })) as Grant;
  await overHttp('account.password', { password, newPassword: server.newPassword() }, { ...again, password });
  await overHttp('account.logout', { everywhere: true }, { ...again, password });

  assert.deepEqual(new Set(Object.keys(operations)), asked);
  const last = `the last ${randomUUID()}`;
  await server.send(server.general, last, ana);
  for (const line of lines) await line.until(() => line.texts(server.general).includes(last));
  const events = new Set<ServerEvent['event']>();
  for (const frame of lines.flatMap(line => line.frames)) {
    requireFrame(frame);
    requireSilence('a frame', frame);
    if ('event' in frame) events.add(frame.event);
  }
  assert.deepEqual(events, new Set(['hello', 'change', 'joined', 'left', 'read']));
  for (const line of lines) await line.close();
});

test('[abuse 37] errors say what the contract names and no more, and nothing of what was sent', async () => {
  const person = await server.register();
  const room = (await server.post<{ room: Room }>('/rooms', { name: 'errors' }, person)).body.room.id;
  const secret = `secret-${randomUUID()}`;
  // Paths are logged.
  const place = `place-${randomUUID()}`;
  const refusals: [method: string, path: string, body?: object][] = [
    ['POST', '/register', { username: secret, password: 'short' }],
    ['POST', '/register', { username: 'x', password: secret }],
    ['POST', '/register', { username: person.user.username, password: secret }],
    ['POST', '/login', { username: newName(), password: secret }],
    ['POST', '/refresh', { refreshToken: secret }],
    ['POST', '/rooms', { name: `\u0000${secret}` }],
    ['POST', '/rooms', { name: 'errors' }],
    ['POST', `/rooms/${room}/messages`, { id: secret, text: secret }],
    ['GET', `/rooms/${place}`],
    ['GET', `/rooms/${room}/messages?before=${place}`],
    ['GET', `/nowhere/${place}`],
    ['PUT', `/login`, { password: secret }],
  ];
  for (const [method, path, body] of refusals) {
    const response = await server.request(method, path, { token: person.token, body });
    assert.ok(response.status >= 400 && response.status < 500, `${method} ${path}: ${response.status}`);
    requireProblemBody(response.body);
    for (const sent of [secret, place]) assert.ok(!JSON.stringify(response.body).includes(sent), path);
    assert.doesNotMatch(JSON.stringify(response.body), /argon2|127\.0\.0\.1|node_modules|\.ts\b|at .*\(/);
  }
  const socket = await TestSocket.open(server.url, person.token);
  const strange = [
    ['message.send', { room, id: secret, text: secret }],
    ['room.get', { room: secret }],
    ['token.renew', { token: secret }],
    [secret, {}],
  ] as [OperationName, never][];
  for (const [op, input] of strange) await assert.rejects(socket.call(op, input), AnswerError);
  for (const frame of socket.frames) {
    requireFrame(frame);
    assert.ok(!JSON.stringify(frame).includes(secret));
  }
  await socket.close();
});

test('[abuse 37] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
