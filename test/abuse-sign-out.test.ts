/** Rows 11 and 12 of abuse.md: sockets whose login has ended, or whose token has expired or been renewed. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mock, test } from 'node:test';
import { closeCodes } from '../src/contract/codes.ts';
import { limits } from '../src/contract/limits.ts';
import type { Grant } from '../src/contract/objects.ts';
import type { Output } from '../src/contract/operations.ts';
import { attackedServer, type Person, requireProblem, signingSecret } from './support/abuse.ts';
import { decode, type Json, sign } from './support/abuse-jwt.ts';
import { frame, opcodes, type RawSocket, requestFrame } from './support/abuse-wire.ts';

const server = attackedServer();
/** For tokens that expire: in this process, so that the tests can move its timers. */
const here = attackedServer({}, 'this process');
/** Ends before the next heartbeat: its timer runs from the beginning. */
const lifetimeSeconds = 0.8 * (limits.heartbeatMs / 1_000);

async function login({ user, password }: Person, at = server): Promise<Person> {
  const { status, body } = await at.post<Grant>('/login', { username: user.username, password });
  assert.equal(status, 200);
  return { ...body, password };
}

/** The person's own token, with other claims. */
function tokenOf({ token }: Person, changes: Json): string {
  const [header, payload] = token.split('.');
  const changed = sign(decode(header), { ...decode(payload), ...changes }, signingSecret);
  server.secrets.add(changed);
  return changed;
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** Does this while timers stand still; then the time of a token has passed. Nothing is fetched meanwhile: that has timers, too. */
async function outlive<T>(act: () => Promise<T>): Promise<T> {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const result = await act();
    mock.timers.tick(lifetimeSeconds * 1_000);
    return result;
  } finally {
    mock.timers.reset();
  }
}

const renew = (socket: RawSocket, token: string) => socket.call(randomUUID(), 'token.renew', { token });

async function requireOpen(...sockets: RawSocket[]): Promise<void> {
  for (const socket of sockets) assert.ok((await socket.call(randomUUID(), 'ping')).output);
}

async function requireEnded(person: Person): Promise<void> {
  assert.equal((await server.get('/me', person)).status, 401);
  const headers = [['Authorization', `Bearer ${person.token}`]] as const;
  requireProblem(await server.refusal({ headers }), 401, 'unauthorized');
  assert.equal((await server.post('/refresh', { refreshToken: person.refreshToken })).status, 401);
}

test('[abuse 11] signing out over HTTP closes every socket of the login with 4501, and no other of the user', async () => {
  const phone = await server.register();
  const laptop = await login(phone);
  const sockets = [await server.connect(phone), await server.connect(phone)];
  const other = await server.connect(laptop);
  assert.equal((await server.post('/logout', {}, phone)).status, 204);
  for (const socket of sockets) assert.equal(await socket.closed(), closeCodes.signedOut);
  await requireEnded(phone);
  await requireOpen(other);
  assert.equal((await server.get('/me', laptop)).status, 200);
});

test('[abuse 11] signing out on a socket is answered before the socket is closed, and closes the others too', async () => {
  const person = await server.register();
  const [socket, other] = [await server.connect(person), await server.connect(person)];
  socket.write(requestFrame('out', 'account.logout'));
  assert.deepEqual((await socket.answer('out')).output, {});
  for (const each of [socket, other]) assert.equal(await each.closed(), closeCodes.signedOut);
  await requireEnded(person);
});

test('[abuse 11] who signs out, and is closed for something else before the answer, is signed out everywhere', async () => {
  const person = await server.register();
  const [socket, other] = [await server.connect(person), await server.connect(person)];
  socket.write(requestFrame('out', 'account.logout'), frame({ opcode: opcodes.binary, payload: 'x' }));
  assert.equal(await socket.closed(), closeCodes.unsupportedData);
  assert.equal(await other.closed(), closeCodes.signedOut);
  await requireEnded(person);
});

test('[abuse 11] nothing is sent with the token of a login that has ended', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  await server.post('/logout', {}, person);
  assert.equal(await socket.closed(), closeCodes.signedOut);
  assert.equal((await server.send(server.general, 'still here', person)).status, 401);
  assert.equal((await server.post('/logout', {}, person)).status, 401);
});

test('[abuse 11] handshakes that overlap with the signing out are refused, or closed with 4501', async () => {
  const person = await server.register();
  const headers = [['Authorization', `Bearer ${person.token}`]] as const;
  const early = Array.from({ length: 10 }, () => server.handshake({ headers }));
  const signingOut = server.post('/logout', {}, person);
  const late = Array.from({ length: 10 }, () => server.handshake({ headers }));
  assert.equal((await signingOut).status, 204);
  for (const socket of await Promise.all([...early, ...late])) {
    if (socket.response.status !== 101) requireProblem(socket.response, 401, 'unauthorized');
    else assert.equal(await socket.closed(), closeCodes.signedOut);
  }
});

test('[abuse 11] a login beyond as many as a user can have ends the one that was idle longest, and its sockets', async () => {
  const first = await server.register();
  const second = await login(first);
  const [socket, other] = [await server.connect(first), await server.connect(second)];
  await server.query(
    'insert into logins (id, user_id) select gen_random_uuid(), $1 from generate_series(1, $2::integer)',
    [first.user.id, limits.maxLoginsPerUser - 2],
  );
  const newest = await login(first);
  assert.equal(await socket.closed(), closeCodes.signedOut);
  await requireEnded(first);
  await requireOpen(other);
  assert.equal((await server.get('/me', newest)).status, 200);
});

test('[abuse 12] a socket is closed with 4001 when its token expires, unless a newer one came in time', async () => {
  const person = await here.register();
  const { renewed, expiring } = await outlive(async () => {
    const shortLived = { token: tokenOf(person, { exp: inSeconds(lifetimeSeconds) }) };
    const sockets = { renewed: await here.connect(shortLived), expiring: await here.connect(shortLived) };
    const { output } = await renew(sockets.renewed, person.token);
    assert.deepEqual(output, { expiresAt: person.expiresAt });
    await requireOpen(...Object.values(sockets));
    return sockets;
  });
  assert.equal(await expiring.closed(), closeCodes.tokenExpired);
  await requireOpen(renewed);
});

test('[abuse 12] a socket that is renewed with a token of less time is closed when that expires', async () => {
  const person = await here.register();
  const socket = await outlive(async () => {
    const opened = await here.connect(person);
    await renew(opened, tokenOf(person, { exp: inSeconds(lifetimeSeconds) }));
    await requireOpen(opened);
    return opened;
  });
  assert.equal(await socket.closed(), closeCodes.tokenExpired);
});

test('[abuse 12] a token for longer than a timer can run does not close at once', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  const { output } = await renew(socket, tokenOf(person, { exp: inSeconds(100 * 365 * 86_400) }));
  assert.ok(output);
  const fresh = await server.connect({ token: tokenOf(person, { exp: inSeconds(60 * 86_400) }) });
  await requireOpen(fresh, socket);
});

test('[abuse 12] renewing with what is no valid token of the same user changes nothing', async () => {
  const [person, stranger] = [await here.register(), await here.register()];
  const ended = await login(person, here);
  await here.post('/logout', {}, ended);
  const socket = await outlive(async () => {
    const until = tokenOf(person, { exp: inSeconds(lifetimeSeconds) });
    const opened = await here.connect({ token: until });
    const refused = [
      [stranger.token, 'forbidden'],
      ...['', 'x', 'a.b.c', '__proto__', person.refreshToken, `${person.token}x`].map(token => [
        token,
        'unauthorized',
      ]),
      [tokenOf(person, { exp: inSeconds(-1) }), 'unauthorized'],
      [tokenOf(stranger, { sub: person.user.id }), 'unauthorized'],
      [ended.token, 'unauthorized'],
    ] as const;
    for (const [token, code] of refused)
      assert.equal((await renew(opened, token as string)).error?.code, code);
    assert.equal((await opened.call('none', 'token.renew', {})).error?.code, 'bad_request');
    assert.equal(
      (await opened.call('list', 'token.renew', { token: [person.token] })).error?.code,
      'bad_request',
    );
    const me = (await opened.call('me', 'account.me')).output as Output<'account.me'>;
    assert.equal(me.user.id, person.user.id);
    return opened;
  });
  assert.equal(await socket.closed(), closeCodes.tokenExpired);
});

test('[abuse 12] a socket renewed with the token of another login goes by that login', async () => {
  const first = await server.register();
  const second = await login(first);
  const socket = await server.connect(first);
  assert.ok((await renew(socket, second.token)).output);
  await server.post('/logout', {}, first);
  await requireOpen(socket);
  await server.post('/logout', {}, second);
  assert.equal(await socket.closed(), closeCodes.signedOut);
});

test('[abuse 12] a socket renewed while that other login is signing out does not outlive it', async () => {
  const first = await server.register();
  for (let round = 0; round < 5; round += 1) {
    const second = await login(first);
    const socket = await server.connect(first);
    socket.write(requestFrame('renew', 'token.renew', { token: second.token }));
    const [{ error }] = await Promise.all([socket.answer('renew'), server.post('/logout', {}, second)]);
    if (error === undefined) assert.equal(await socket.closed(), closeCodes.signedOut);
    else assert.equal(error.code, 'unauthorized');
  }
});

test('[abuse 11, 12] stops in good order afterwards, and its log tells none of these tokens', async () => {
  await server.requireDiscreetLog();
  await here.requireDiscreetLog();
});
