/** The SDK against the real server. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  ChatClient,
  type Clock,
  type ConnectionState,
  type Grant,
  type GrantStore,
  type HeldGrant,
  login,
  refresh,
  register,
  type SocketConstructor,
  type SocketLike,
} from '../src/sdk/index.ts';
import { systemClock } from '../src/sdk/runtime.ts';
import { password } from './support/people.ts';
import { createDatabase } from './support/postgres.ts';
import { spawnServer, startServer, type TestServer } from './support/server.ts';
import { eventually, within } from './support/waiting.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

/** What a test has started and must not leave behind, even if it fails. */
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let people = 0;
/** A new person, connected. */
async function connect(more: { WebSocket?: SocketConstructor } = {}): Promise<ChatClient> {
  const { url } = server;
  people += 1;
  const username = `person${people}`;
  const { token } = await register(url, { username, password });
  const client = new ChatClient({ url, token, ...more });
  cleanups.push(() => client.close());
  await client.connect();
  return client;
}

function general(client: ChatClient): string {
  const room = [...client.rooms.values()].find(({ info }) => info.name === 'general');
  assert.ok(room);
  return room.id;
}

const texts = (client: ChatClient, room: string) => client.rooms.get(room)?.messages.map(({ text }) => text);

test('two people talk in a public room, a private one and directly', async () => {
  const [ana, bruno] = [await connect(), await connect()];
  const { room: tea } = await ana.call('room.create', { name: 'tea' });
  const { room: secret } = await ana.call('room.create', { name: 'secret', kind: 'private' });
  await bruno.call('room.join', { room: tea.id });
  await ana.call('room.invite', { room: secret.id, user: bruno.me?.id ?? '' });
  const { room: direct } = await bruno.call('direct.open', { user: ana.me?.id ?? '' });
  for (const { id } of [tea, secret, direct]) {
    await eventually('both are in', () => ana.rooms.has(id) && bruno.rooms.has(id));
    ana.send(id, 'Oi, Bruno!');
    await eventually('bruno reads it', () => texts(bruno, id)?.at(-1) === 'Oi, Bruno!');
    await bruno.send(id, 'Oi, Ana!').done;
    await eventually('both read the same', () =>
      [ana, bruno].every(client => texts(client, id)?.join() === 'Oi, Bruno!,Oi, Ana!'),
    );
  }
  await bruno.call('room.leave', { room: tea.id });
  await eventually('bruno is out', () => !bruno.rooms.has(tea.id));
  assert.equal(ana.rooms.get(tea.id)?.members.get(bruno.me?.id ?? '')?.in, false);
});

test('a message that the server refuses fails with its code', async () => {
  const client = await connect();
  const tooLong = client.send(general(client), 'ã'.repeat(10_000));
  await assert.rejects(tooLong.done, { code: 'too_large', retryable: false });
  const nowhere = client.send('01a206dc-3ba6-764d-bb2a-241c8b7b75a8', 'hello?');
  await assert.rejects(nowhere.done, { code: 'not_found' });
});

test('a token that is no token ends as unauthorized', async () => {
  const client = new ChatClient({ url: server.url, token: 'nonsense' });
  await assert.rejects(client.connect(), { code: 'unauthorized' });
  assert.equal(client.state.name === 'closed' && client.state.reason, 'unauthorized');
});

test('[G6] who reconnects gets what was said meanwhile, and what was written meanwhile goes out', async () => {
  const [ana, bruno] = [await connect(), await connect()];
  const room = general(ana);
  bruno.close();
  await ana.send(room, 'while bruno was away').done;
  const late = bruno.send(room, 'written offline');
  assert.equal(late.state, 'queued');
  const changes: number[] = [];
  bruno.on('change', ({ delta }) => changes.push(delta.from, delta.version));
  await bruno.connect();
  await late.done;
  await eventually('bruno has both', () =>
    texts(bruno, room)?.join().endsWith('while bruno was away,written offline'),
  );
  assert.equal(changes.length, 4);
});

/** Sockets that break off at the first answer to each message: it is stored, and its sender doesn't know. */
function forgetfulSocket(): SocketConstructor {
  const forgotten = new Set<string>();
  return class implements SocketLike {
    readonly #socket: WebSocket;
    #isDeaf = false;

    constructor(url: string, protocols: string[]) {
      this.#socket = new WebSocket(url, protocols);
    }

    send(data: string): void {
      const { op, input } = JSON.parse(data);
      if (op === 'message.send' && !forgotten.has(input.id)) {
        forgotten.add(input.id);
        this.#isDeaf = true;
        this.#socket.addEventListener('message', frame => {
          if (JSON.parse(frame.data).output?.message?.id === input.id) this.close();
        });
      }
      this.#socket.send(data);
    }

    close(): void {
      this.#socket.close();
    }

    addEventListener(type: string, listener: (event: never) => void): void {
      this.#socket.addEventListener(type, event => {
        if (type !== 'message' || !this.#isDeaf) listener(event as never);
      });
    }
  };
}

test('[G4] messages whose acknowledgement is lost, every time, are there once, in order', async () => {
  const [ana, bruno] = [await connect({ WebSocket: forgetfulSocket() }), await connect()];
  const { room } = await ana.call('room.create', { name: 'forgetful' });
  await bruno.call('room.join', { room: room.id });
  const sent = Array.from({ length: 5 }, (_, index) => `${index}`);
  ana.on('state', ({ name }) => name === 'waiting' && queueMicrotask(() => void ana.connect()));
  await Promise.all(sent.map(text => ana.send(room.id, text).done));
  for (const client of [ana, bruno]) {
    await eventually('everything has arrived', () => texts(client, room.id)?.at(-1) === sent.at(-1));
    assert.deepEqual(texts(client, room.id), sent);
  }
});

test('[G1] [G4] kill -9 of the server amid sending: every message is there once, in order, for both', async () => {
  const database = await createDatabase();
  cleanups.push(() => database.drop());
  let running = await spawnServer({ DATABASE_URL: database.url });
  cleanups.push(() => running.end('SIGTERM'));
  const url = () => running.url;
  const clients = await Promise.all(
    ['ana', 'bruno'].map(async username => {
      await register(url(), { username, password });
      const token = async () => (await login(url(), { username, password })).token;
      const client = new ChatClient({ url, token, random: () => 0.1 });
      cleanups.push(() => client.close());
      await client.connect();
      return client;
    }),
  );
  const [ana] = clients;
  assert.ok(ana);
  const states: ConnectionState['name'][] = [];
  ana.on('state', ({ name }) => states.push(name));
  const room = general(ana);
  const sent = Array.from({ length: 200 }, (_, index) => `${index}`);
  const outgoing = sent.map(text => ana.send(room, text));
  for (const crash of [40, 120]) {
    await outgoing[crash]?.done;
    await running.end('SIGKILL');
    running = await spawnServer({ DATABASE_URL: database.url });
  }
  const decided = Promise.all(outgoing.map(({ done }) => done));
  const messages = await within('everything is acknowledged', decided);
  const seqs = messages.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  );
  for (const client of clients) {
    await eventually('everything has arrived', () => texts(client, room)?.at(-1) === sent.at(-1));
    assert.deepEqual(texts(client, room)?.slice(-200), sent);
  }
  // The second crash may come when everything is acknowledged already.
  await eventually('live again after each crash', () => states.filter(name => name === 'live').length === 2);
});

test('a grant is renewed in time, again and again, on the same connection', async () => {
  const brief = await startServer({ PAPO_TOKEN_TTL: '60' });
  cleanups.push(brief.close);
  const grant = await register(brief.url, { username: 'ana', password });
  // Of all the timers only that of the renewal is so long.
  const hurried: Clock = {
    now: () => Date.now(),
    after: (ms, run) => systemClock.after(ms > 40_000 && ms < 50_000 ? ms / 300 : ms, run),
  };
  const client = new ChatClient({ url: brief.url, grant, clock: hurried });
  cleanups.push(() => client.close());
  await client.connect();
  const states: ConnectionState['name'][] = [];
  client.on('state', ({ name }) => states.push(name));
  const renewed: HeldGrant[] = [];
  client.on('grant', next => renewed.push(next));
  await eventually('three new grants', () => renewed.length >= 3);
  await client.send(general(client), 'still here').done;
  assert.deepEqual(states, []);
  client.close();
  await assert.rejects(refresh(brief.url, grant.refreshToken), { code: 'unauthorized' });
});

test('a login is kept from one visit to the next, and signing out ends it everywhere', async () => {
  const { url } = server;
  let kept: Grant | undefined;
  const store: GrantStore = {
    load: () => kept,
    save: grant => {
      kept = grant;
    },
  };
  const grant = await register(url, { username: 'wanderer', password });
  const first = new ChatClient({ url, grant, store });
  await first.connect();
  first.close();
  const clients = [new ChatClient({ url, store }), new ChatClient({ url, store })];
  for (const client of clients) {
    cleanups.push(() => client.close());
    await client.connect();
  }
  await clients[0]?.logout();
  await eventually('the other page is signed out', () => clients[1]?.state.name === 'closed');
  assert.deepEqual(
    clients.map(({ state }) => state.name === 'closed' && state.reason),
    ['closed', 'unauthorized'],
  );
  assert.equal(kept, undefined);
  await assert.rejects(refresh(url, grant.refreshToken), { code: 'unauthorized' });
});
