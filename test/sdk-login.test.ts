/** The client's login: renewed in time, kept in a store, ended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatClientOptions, Grant, GrantStore } from '../src/sdk/index.ts';
import { anew, current, FakeChat, room } from './support/fake-chat.ts';
import { settle } from './support/fake-clock.ts';
import { ana, bruno } from './support/fake-socket.ts';

const general = room('general');
const minute = 60_000;
const start = Date.UTC(2026, 0, 1);
const lifetimeMs = 15 * minute;
/** At 3/4 of the lifetime: the test's `random` is in the middle. */
const renewAtMs = 0.75 * lifetimeMs;

function grantOf(number: number, expiresAt = start + lifetimeMs): Grant {
  return {
    user: ana,
    token: `token-${number}`,
    expiresAt: new Date(expiresAt).toISOString(),
    refreshToken: `refresh-${number}`,
  };
}

/** A store that tells what was saved. */
function storeOf(held?: Grant): GrantStore & { held: Grant | undefined; saved: (string | undefined)[] } {
  return {
    held,
    saved: [],
    load() {
      return this.held;
    },
    save(grant) {
      this.held = grant;
      this.saved.push(grant?.token);
    },
  };
}

/** A client with a grant, and a server that renews it whenever it is asked. */
class LoginChat extends FakeChat {
  #grants = 1;

  constructor(options: Partial<ChatClientOptions> = { grant: grantOf(1) }) {
    super({ token: undefined, ...options });
    this.client.on('grant', ({ token }) => this.told.push(`grant ${token}`));
    this.respond = request => {
      if (new URL(request.url).pathname !== '/refresh') return Response.json({}, { status: 401 });
      return this.grant();
    };
  }

  grant(): Response {
    this.#grants += 1;
    return Response.json(grantOf(this.#grants, this.clock.now() + lifetimeMs));
  }

  /** The refresh tokens shown so far, in order. */
  async refreshTokens(): Promise<string[]> {
    const bodies = this.fetched.filter(({ url }) => url.endsWith('/refresh')).map(request => request.clone());
    return await Promise.all(bodies.map(async body => (JSON.parse(await body.text()) as Grant).refreshToken));
  }

  /** Time passes, and the server answers pings. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 5_000) {
      await this.clock.advance(Math.min(left, 5_000));
      while (this.socket.inputs('ping').length > 0) await this.socket.answer('ping', { at: 'now' });
    }
  }
}

const status =
  (code: number, body: object = {}) =>
  () =>
    Response.json(body, { status: code });
const offline = () => {
  throw new TypeError('fetch failed');
};

test('the grant is renewed at three quarters of its life, saved, told, and taken to the live connection', async () => {
  const store = storeOf();
  const chat = new LoginChat({ grant: grantOf(1), store });
  const socket = await chat.connect(anew(general));
  assert.deepEqual(socket.protocols, ['papo.v1', 'bearer.token-1']);
  assert.deepEqual(store.saved, ['token-1']);
  await chat.pass(renewAtMs - 1);
  assert.deepEqual(chat.fetched, []);
  await chat.pass(1);
  assert.deepEqual(await chat.refreshTokens(), ['refresh-1']);
  assert.deepEqual(store.saved, ['token-1', 'token-2']);
  assert.deepEqual(chat.toldOf('grant'), ['grant token-2']);
  assert.deepEqual(socket.inputs('token.renew'), [{ token: 'token-2' }]);
  await socket.answer('token.renew', { expiresAt: grantOf(2).expiresAt });
  await chat.pass(renewAtMs);
  assert.deepEqual(await chat.refreshTokens(), ['refresh-1', 'refresh-2']);
  assert.equal((await chat.reconnect(current(general))).protocols[1], 'bearer.token-3');
});

test('not everybody renews at once', async () => {
  const renewedAt = async (random: number) => {
    const chat = new LoginChat({ grant: grantOf(1), random: () => random });
    await chat.connect(anew(general));
    for (let i = 0; i < 30 && chat.fetched.length === 0; i++) await chat.pass(minute / 2);
    return (chat.clock.now() - start) / lifetimeMs;
  };
  assert.ok((await renewedAt(0)) < 0.75);
  assert.ok((await renewedAt(0.99)) > 0.75);
});

test('[CLIENT-18] a new grant is saved before it is used', async () => {
  const saving = Promise.withResolvers<void>();
  const store = { load: () => grantOf(1, start), save: () => saving.promise };
  const chat = new LoginChat({ store });
  void chat.client.connect();
  await settle();
  assert.equal(chat.fetched.length, 1);
  assert.equal(chat.network.sockets.length, 0);
  saving.resolve();
  await settle();
  assert.equal(chat.socket.protocols[1], 'bearer.token-2');
});

test('who comes back later goes on with the stored grant; an expired one is renewed first, once', async () => {
  const fresh = new LoginChat({ store: storeOf(grantOf(7)) });
  assert.equal((await fresh.connect(anew(general))).protocols[1], 'bearer.token-7');
  const late = new LoginChat({ store: storeOf(grantOf(7, start + 4_999)) });
  assert.equal((await late.connect(anew(general))).protocols[1], 'bearer.token-2');
  assert.deepEqual(await late.refreshTokens(), ['refresh-7']);
});

test('without a grant anywhere nobody is signed in', async () => {
  const chat = new LoginChat({ store: storeOf() });
  await assert.rejects(chat.client.connect(), { code: 'unauthorized', message: 'nobody is signed in' });
  assert.equal(chat.client.state.name === 'closed' && chat.client.state.reason, 'unauthorized');
});

test('[CLIENT-19] a lost answer is asked for again with the same token, when the server wants it', async () => {
  const chat = new LoginChat();
  const renew = chat.respond;
  await chat.connect(anew(general));
  chat.respond = offline;
  await chat.pass(renewAtMs);
  assert.equal(chat.fetched.length, 1);
  chat.respond = status(429, { code: 'rate_limited', retryAfterMs: 20_000 });
  await chat.pass(125);
  assert.equal(chat.fetched.length, 2);
  chat.respond = renew;
  await chat.pass(19_999);
  assert.equal(chat.fetched.length, 2);
  await chat.pass(1);
  assert.deepEqual(await chat.refreshTokens(), ['refresh-1', 'refresh-1', 'refresh-1']);
  assert.deepEqual(chat.toldOf('grant'), ['grant token-2']);
  assert.equal(chat.client.state.name, 'live');
});

test('[CLIENT-16] a token expired on a live connection: a new one, and back at once', async () => {
  const chat = new LoginChat();
  const socket = await chat.connect(anew(general));
  await socket.drop(4001, 'the token has expired');
  assert.deepEqual(chat.toldOf('state').slice(-1), ['state connecting']);
  assert.equal(chat.socket.protocols[1], 'bearer.token-2');
  assert.deepEqual(await chat.refreshTokens(), ['refresh-1']);
});

test('a token that expires at every connection is not tried again and again at once', async () => {
  const chat = new LoginChat();
  void chat.client.connect();
  await (await chat.greet()).drop(4001);
  assert.equal(chat.client.state.name, 'waiting');
  await chat.wait();
  assert.equal(chat.socket.protocols[1], 'bearer.token-2');
});

test('a refused handshake: the token is renewed once, then it ends and is forgotten', async () => {
  const store = storeOf(grantOf(1));
  const chat = new LoginChat({ store });
  void chat.client.connect();
  await settle();
  await chat.socket.drop();
  assert.equal(chat.socket.protocols[1], 'bearer.token-2');
  await chat.socket.drop();
  assert.equal(chat.client.state.name === 'closed' && chat.client.state.reason, 'unauthorized');
  assert.deepEqual(await chat.refreshTokens(), ['refresh-1']);
  assert.deepEqual(store.saved, ['token-2', undefined]);
});

test('[CLIENT-21] a login that the server does not renew ends, and is forgotten', async () => {
  const store = storeOf(grantOf(1));
  const chat = new LoginChat({ store });
  await chat.connect(anew(general));
  chat.respond = status(401, { code: 'unauthorized', detail: 'the login has ended' });
  await chat.pass(renewAtMs);
  assert.deepEqual(chat.client.state, {
    name: 'closed',
    reason: 'unauthorized',
    detail: 'the login has ended',
  });
  assert.deepEqual(store.saved, [undefined]);
  assert.equal(chat.clock.timers, 0);
});

test('[CLIENT-21] signed out from elsewhere: closed, forgotten, and not tried again', async () => {
  const store = storeOf(grantOf(1));
  const chat = new LoginChat({ store });
  const socket = await chat.connect(anew(general));
  await socket.drop(4501, 'signed out');
  assert.equal(chat.client.state.name === 'closed' && chat.client.state.reason, 'unauthorized');
  assert.deepEqual(store.saved, [undefined]);
  await chat.clock.advance(60 * minute);
  assert.equal(chat.network.sockets.length, 1);
});

test('a page that signs out does not forget the login that another page has made since', async () => {
  const store = storeOf(grantOf(1));
  const chat = new LoginChat({ store });
  const socket = await chat.connect(anew(general));
  store.held = { ...grantOf(50), user: bruno };
  await socket.drop(4501);
  assert.equal(store.held?.token, 'token-50');
});

test('[CLIENT-20] pages that share a store share its newest grant: no refresh token is used that is dead already', async () => {
  const store = storeOf(grantOf(1));
  const chat = new LoginChat({ store });
  const socket = await chat.connect(anew(general));
  store.held = grantOf(9, start + 2 * lifetimeMs);
  await chat.pass(renewAtMs);
  assert.deepEqual(chat.fetched, []);
  assert.deepEqual(socket.inputs('token.renew'), [{ token: 'token-9' }]);
});

test('one renewal at a time', async () => {
  const answer = Promise.withResolvers<Response>();
  const chat = new LoginChat({ grant: grantOf(1, start) });
  chat.respond = () => answer.promise as never;
  void chat.client.connect();
  await settle();
  chat.client.close();
  void chat.client.connect();
  await settle();
  assert.equal(chat.fetched.length, 1);
  answer.resolve(chat.grant());
  await settle();
  assert.deepEqual(
    chat.network.sockets.map(({ protocols }) => protocols[1]),
    ['bearer.token-2'],
  );
});

test('the own clock may be wrong: what counts is how long the token says it is valid', async () => {
  const issued = start / 1000 - 3600;
  const payload = btoa(JSON.stringify({ iat: issued, exp: issued + lifetimeMs / 1000 })).replaceAll('=', '');
  const chat = new LoginChat({ grant: grantOf(1, start - 3_600_000) });
  chat.respond = () => Response.json({ ...grantOf(2, start - 2_700_000), token: `e30.${payload}.x` });
  await chat.connect(anew(general));
  assert.equal(chat.fetched.length, 1, 'an hour ahead, a grant seems to have expired');
  await chat.pass(renewAtMs - 1);
  assert.equal(chat.fetched.length, 1);
  await chat.pass(1);
  assert.equal(chat.fetched.length, 2);
});

test('a store that fails is reported, and costs nobody the connection', async () => {
  const broken = () => {
    throw new Error('quota');
  };
  const chat = new LoginChat({ grant: grantOf(1), store: { load: broken, save: broken } });
  const socket = await chat.connect(anew(general));
  await chat.pass(renewAtMs);
  assert.deepEqual(socket.inputs('token.renew'), [{ token: 'token-2' }]);
  assert.deepEqual(
    [...new Set(chat.toldOf('error'))],
    ['error the store could not be written', 'error the store could not be read'],
  );
});

test('logout closes, ends the login on the server and forgets it', async () => {
  const store = storeOf(grantOf(1));
  const chat = new LoginChat({ store });
  const socket = await chat.connect(anew(general));
  chat.respond = () => new Response(null, { status: 204 });
  await chat.client.logout();
  const [request] = chat.fetched;
  assert.equal(`${request?.method} ${request?.url}`, 'POST http://chat.test/logout');
  assert.equal(request?.headers.get('authorization'), 'Bearer token-1');
  assert.equal(socket.closed?.code, 1000);
  assert.deepEqual(store.saved, [undefined]);
  assert.equal(chat.client.state.name === 'closed' && chat.client.state.reason, 'closed');
  assert.equal(chat.clock.timers, 0);
});

test('logout that does not reach the server can be repeated; a login that has ended already is fine', async () => {
  const store = storeOf(grantOf(1));
  const chat = new LoginChat({ store });
  await chat.connect(anew(general));
  chat.respond = offline;
  await assert.rejects(chat.client.logout(), { code: 'unavailable', retryable: true });
  assert.equal(store.held?.token, 'token-1');
  chat.respond = status(401, { code: 'unauthorized' });
  await chat.client.logout();
  assert.equal(store.held, undefined);
});

test('a token function is asked for another token at once when the live connection’s has expired', async () => {
  const asked: (string | undefined)[] = [];
  const chat = new FakeChat({ token: refused => `token-${asked.push(refused)}` });
  const socket = await chat.connect(anew(general));
  await socket.drop(4001);
  assert.deepEqual(asked, [undefined, 'token-1']);
  assert.equal(chat.socket.protocols[1], 'bearer.token-2');
});

test('a token of which there is no other ends with its expiry', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  await socket.drop(4001);
  assert.equal(chat.client.state.name === 'closed' && chat.client.state.reason, 'unauthorized');
});

test('[CLIENT-17] a server that is about to stop says when to come back; after that the back-off begins', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  await socket.receive({ event: 'draining', reconnectInMs: 4_321 });
  assert.deepEqual(chat.toldOf('state').slice(-1), ['state live']);
  await socket.drop(1012);
  assert.equal(chat.client.state.name === 'waiting' && chat.client.state.retryInMs, 4_321);
  await chat.wait();
  await chat.socket.drop();
  assert.equal(chat.client.state.name === 'waiting' && chat.client.state.retryInMs, 125);
});
