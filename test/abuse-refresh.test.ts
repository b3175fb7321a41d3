/** Row 13 of abuse.md: refresh tokens that are used again, at once, or by others; and what is no refresh token. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { closeCodes } from '../src/contract/codes.ts';
import type { Grant } from '../src/contract/objects.ts';
import { attackedServer, type Person, signingSecret } from './support/abuse.ts';
import { decode, type Json, sign } from './support/abuse-jwt.ts';
import type { Response } from './support/people.ts';

const server = attackedServer();

type Outcome = Grant & { code?: string };

const refresh = (refreshToken: unknown) => server.post<Outcome>('/refresh', { refreshToken });

async function refreshed(refreshToken: string): Promise<Grant> {
  const { status, body } = await refresh(refreshToken);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

function requireRefused({ status, body }: Response<Outcome>): void {
  assert.deepEqual([status, body.code], [401, 'unauthorized']);
}

const generationOf = ({ refreshToken }: Grant) => claimsOf(refreshToken)['gen'];
const claimsOf = (token: string) => decode(token.split('.')[1]);

/** The login has ended, whichever of its tokens is shown. */
async function requireEnded(...grants: Grant[]): Promise<void> {
  for (const { token, refreshToken } of grants) {
    assert.equal((await server.get('/me', { token })).status, 401);
    requireRefused(await refresh(refreshToken));
  }
}

test('[abuse 13] each refresh gets the next token of the same login', async () => {
  let grant: Grant = await server.register();
  const { sid } = claimsOf(grant.token);
  for (const generation of [2, 3, 4]) {
    const next = await refreshed(grant.refreshToken);
    assert.deepEqual(next.user, grant.user);
    assert.equal(claimsOf(next.token)['sid'], sid);
    assert.equal(generationOf(next), generation);
    grant = next;
  }
  assert.equal((await server.get('/me', grant)).status, 200);
});

test('[abuse 13] a token may be used again until its successor has been: the answer may be lost, often', async () => {
  const first = await server.register();
  const lost = [await refreshed(first.refreshToken), await refreshed(first.refreshToken)];
  const arrived = await refreshed(first.refreshToken);
  for (const grant of [...lost, arrived]) assert.equal((await server.get('/me', grant)).status, 200);
  const next = await refreshed(arrived.refreshToken);
  assert.equal(generationOf(next), 3);
});

test('[abuse 13] twenty uses of a token at once are one use', async () => {
  const first = await server.register();
  const grants = await Promise.all(Array.from({ length: 20 }, () => refreshed(first.refreshToken)));
  assert.deepEqual(new Set(grants.map(generationOf)), new Set([2]));
  // So are those of its successor, by whichever of the twenty it is named.
  await Promise.all(grants.map(({ refreshToken }) => refreshed(refreshToken)));
});

test('[abuse 13] a token that is used after its successor ends the login: its tokens, and its sockets with 4501', async () => {
  const first = await server.register();
  const [socket, otherSocket] = [await server.connect(first), await server.connect(first)];
  const second = await refreshed(first.refreshToken);
  const third = await refreshed(second.refreshToken);
  const newest = await refreshed(third.refreshToken);
  const newestSocket = await server.connect(newest);
  requireRefused(await refresh(first.refreshToken));
  for (const each of [socket, otherSocket, newestSocket]) {
    assert.equal(await each.closed(), closeCodes.signedOut);
  }
  await requireEnded(first, second, third, newest);
});

test('[abuse 13] the end of one login leaves the others of the user alone', async () => {
  const first = await server.register();
  const { username } = first.user;
  const { body: other } = await server.post<Grant>('/login', { username, password: first.password });
  const socket = await server.connect(other);
  await refreshed((await refreshed(first.refreshToken)).refreshToken);
  requireRefused(await refresh(first.refreshToken));
  await requireEnded(first);
  await refreshed(other.refreshToken);
  assert.ok((await socket.call(1, 'ping')).output);
});

test('[abuse 13] a thief and the owner who use the same token: sooner or later both are out', async () => {
  const stolen = await server.register();
  const [thief, owner] = [await refreshed(stolen.refreshToken), await refreshed(stolen.refreshToken)];
  const ahead = await refreshed((await refreshed(thief.refreshToken)).refreshToken);
  requireRefused(await refresh(owner.refreshToken));
  await requireEnded(thief, owner, ahead);
});

test('[abuse 13] of a token and its successor at once both are answered, or the login ends', async () => {
  for (let round = 0; round < 5; round += 1) {
    const first = await server.register();
    const second = await refreshed(first.refreshToken);
    const [older, newer] = await Promise.all([refresh(first.refreshToken), refresh(second.refreshToken)]);
    if (older.status === 200) assert.equal(newer.status, 200);
    else await requireEnded(first, second);
  }
});

test('[abuse 13] a refresh that overlaps with the signing out does not bring the login back', async () => {
  for (let round = 0; round < 5; round += 1) {
    const person = await server.register();
    const [{ status, body }] = await Promise.all([
      refresh(person.refreshToken),
      server.post('/logout', {}, person),
    ]);
    await requireEnded(person, ...(status === 200 ? [body] : []));
  }
});

test('[abuse 13] what is no refresh token of ours gets nothing and ends nothing', async () => {
  const [person, stranger] = [await server.register(), await server.register()];
  const socket = await server.connect(person);
  for (const token of notRefreshTokens(person, stranger)) requireRefused(await refresh(token));
  for (const token of [undefined, null, 1, [person.refreshToken], { token: person.refreshToken }]) {
    assert.equal((await refresh(token)).status, 400);
  }
  assert.ok((await socket.call(1, 'ping')).output);
  await refreshed(person.refreshToken);
});

test('[abuse 13] stops in good order afterwards, and its log tells none of these tokens', async () => {
  await server.requireDiscreetLog();
});

/** The person's own refresh token, with other claims. */
function tokenOf({ refreshToken }: Person, changes: Json, header: Json = {}): string {
  const [head, payload] = refreshToken.split('.');
  const changed = sign({ ...decode(head), ...header }, { ...decode(payload), ...changes }, signingSecret);
  server.secrets.add(changed);
  return changed;
}

function notRefreshTokens(person: Person, stranger: Person): string[] {
  const { refreshToken, token } = person;
  const [head = '', payload = '', signature = ''] = refreshToken.split('.');
  const [, , otherSignature = ''] = stranger.refreshToken.split('.');
  const past = Math.floor(Date.now() / 1000) - 1;
  return [
    ...[
      '',
      'x',
      'null',
      'a.b.c',
      '..',
      '__proto__',
      `${refreshToken}x`,
      `${refreshToken}=`,
      ` ${refreshToken}`,
    ],
    ...[refreshToken.slice(0, -1), refreshToken.toUpperCase(), `Bearer ${refreshToken}`],
    `${head}.${payload}.${otherSignature}`,
    `${head}.${payload}.`,
    `${sign({ ...decode(head), alg: 'none' }, decode(payload), signingSecret)}`,
    sign(decode(head), { ...decode(payload), gen: 0x7fff_ffff }, 'another key of at least thirty-two bytes'),
    `${head}.${stranger.refreshToken.split('.')[1]}.${signature}`,
    token,
    tokenOf(person, {}, { typ: 'at+jwt' }),
    tokenOf(person, {}, { typ: 'JWT' }),
    tokenOf(person, {}, { typ: undefined }),
    ...[0, -1, 1.5, 0x8000_0000, 1e300, '1', null, undefined, [1], true].map(gen => tokenOf(person, { gen })),
    ...[randomUUID(), person.user.id, '', null, undefined, "' or true --"].map(sid =>
      tokenOf(person, { sid }),
    ),
    ...[past, 'never', null, undefined].map(exp => tokenOf(person, { exp })),
    ...['papa', undefined].map(iss => tokenOf(person, { iss })),
    ...['papa', undefined].map(aud => tokenOf(person, { aud })),
  ];
}
