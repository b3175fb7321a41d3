/** A client of a page, whose refresh token is in a cookie: scripts, this SDK among them, never see it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChatClientOptions, login, logout, register } from '../src/sdk/index.ts';
import { anew, FakeChat, room } from './support/fake-chat.ts';
import { ana, bruno } from './support/fake-socket.ts';
import { eventually } from './support/waiting.ts';

const general = room('general');
const lifetimeMs = 15 * 60_000;

function grantOf(number: number, user = ana) {
  const expiresAt = new Date(Date.UTC(2026, 0, 1) + lifetimeMs).toISOString();
  return { user, token: `token-${number}`, expiresAt };
}

/** A client with the cookie, and a server that answers `/refresh` with these grants, one after the other. */
function cookieChat(grants: object[], options: Partial<ChatClientOptions> = {}): FakeChat {
  const chat = new FakeChat({ token: undefined, cookie: true, ...options });
  chat.respond = () => {
    const grant = grants.shift();
    return grant === undefined ? Response.json({}, { status: 401 }) : Response.json(grant);
  };
  return chat;
}

const asked = (chat: FakeChat) =>
  Promise.all(
    chat.fetched.map(async request => [
      new URL(request.url).pathname,
      request.headers.get('papo-refresh-token'),
      await request.clone().text(),
    ]),
  );

test('the cookie alone signs in, and no refresh token is sent by hand', async () => {
  const chat = cookieChat([grantOf(1)]);
  void chat.client.connect();
  await eventually('a socket', () => chat.network.sockets.length === 1);
  assert.deepEqual(chat.socket.protocols, ['papo.v1', 'bearer.token-1']);
  assert.deepEqual(await asked(chat), [['/refresh', 'cookie', '{}']]);
});

test('without a cookie nobody is signed in, and connect says so', async () => {
  const chat = cookieChat([]);
  await assert.rejects(chat.client.connect(), { code: 'unauthorized' });
  assert.equal(chat.client.state.name, 'closed');
});

test('a grant that was just given is renewed by the cookie, on the live connection', async () => {
  const chat = cookieChat([grantOf(2)], { grant: grantOf(1) });
  const socket = await chat.connect(anew(general));
  assert.deepEqual(chat.fetched, []);
  await chat.clock.advance(29_000);
  for (let passed = 29_000; passed < 0.75 * lifetimeMs; passed += 5_000) {
    await chat.clock.advance(5_000);
    while (socket.inputs('ping').length > 0) await socket.answer('ping', { at: 'now' });
  }
  await eventually('the renewal', () => socket.inputs('token.renew').length === 1);
  assert.deepEqual(socket.inputs('token.renew'), [{ token: 'token-2' }]);
  assert.deepEqual(await asked(chat), [['/refresh', 'cookie', '{}']]);
});

test('where somebody else has signed in on another page, the client ends instead of going on as them', async () => {
  const chat = cookieChat([grantOf(2, bruno)], { grant: grantOf(1) });
  const socket = await chat.connect(anew(general));
  await socket.drop(4001, 'the token has expired');
  await eventually('the end', () => chat.client.state.name === 'closed');
  const { state } = chat.client;
  assert.equal(state.name === 'closed' && state.reason, 'unauthorized');
  assert.equal(chat.network.sockets.length, 1);
});

test('pages that share the cookie ask one after the other', async () => {
  let underWay = 0;
  let most = 0;
  const chats = [1, 2, 3].map(number =>
    cookieChat([], {
      fetch: async () => {
        most = Math.max(most, ++underWay);
        await new Promise(setImmediate);
        underWay--;
        return Response.json(grantOf(number));
      },
    }),
  );
  for (const { client } of chats) void client.connect();
  await eventually('three sockets', () => chats.every(({ network }) => network.sockets.length === 1));
  assert.equal(most, 1);
});

test('where the browser refuses locks, a page asks without one', async t => {
  const refused = t.mock.method(navigator.locks, 'request', async () => {
    throw new DOMException('storing is forbidden', 'SecurityError');
  });
  const chat = cookieChat([grantOf(1)]);
  void chat.client.connect();
  await eventually('a socket', () => chat.network.sockets.length === 1);
  assert.equal(refused.mock.callCount(), 1);
  assert.equal(chat.fetched.length, 1);
});

test('what fails while the lock is held is not asked for again without it', async () => {
  let asked = 0;
  const chat = cookieChat([], {
    fetch: () => {
      asked += 1;
      throw new Error('no fetch that answers with a promise');
    },
  });
  void chat.client.connect().catch(() => {});
  await eventually('it is given up for now', () => chat.client.state.name !== 'connecting');
  assert.equal(asked, 1);
});

test('signing out clears the cookie', async () => {
  const chat = cookieChat([], { grant: grantOf(1) });
  await chat.connect(anew(general));
  chat.respond = () => new Response(null, { status: 204 });
  await chat.client.logout();
  assert.deepEqual(await asked(chat), [['/logout', 'cookie', '{}']]);
});

test('signing out everywhere says so, and clears the cookie', async () => {
  const chat = cookieChat([], { grant: grantOf(1) });
  await chat.connect(anew(general));
  chat.respond = () => new Response(null, { status: 204 });
  await chat.client.logout({ everywhere: true });
  assert.deepEqual(await asked(chat), [['/logout', 'cookie', '{"everywhere":true}']]);
});

test('register, login and logout ask for the cookie only where told to', async () => {
  const seen: (string | null)[] = [];
  const fetch = async (...request: Parameters<typeof globalThis.fetch>) => {
    seen.push(new Request(...request).headers.get('papo-refresh-token'));
    return Response.json(grantOf(1));
  };
  const account = { username: 'ana', password: 'correct horse' };
  for (const cookie of [true, false, undefined]) {
    await register('http://chat.test', account, { fetch, cookie });
    await login('http://chat.test', account, { fetch, cookie });
    await logout('http://chat.test', 'token-1', { fetch, cookie });
  }
  assert.deepEqual(seen, ['cookie', 'cookie', 'cookie', null, null, null, null, null, null]);
});
