/** The server in memory: what it is for, and that a client sees there what it sees on the real one. */
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { ChatClient, type ChatClientOptions, type HeldGrant, login, register } from '../src/sdk/index.ts';
import { ManualClock, MemoryServer, settle } from '../src/sdk/testing/index.ts';
import { password } from './support/people.ts';
import { startServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

/** What a test has started and must not leave behind, even if it fails. */
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server with ana, connected, in the one room there is. */
async function withAna() {
  const clock = new ManualClock();
  const server = new MemoryServer({ clock });
  const grant = server.register('ana');
  const client = new ChatClient({ ...server.connection, grant, random: () => 0.5 });
  await client.connect();
  const [general] = [...client.rooms.values()];
  assert.ok(general);
  return { clock, server, grant, client, general };
}

test('a bot is tested in a few lines: it hears what others say, and answers', async () => {
  const server = new MemoryServer();
  const bot = new ChatClient({ ...server.connection, grant: server.register('bot') });
  bot.on('change', ({ room, delta }) => {
    for (const { sender, text } of delta.messages ?? []) {
      if (text === 'hi') bot.send(room.id, `Hello, ${sender.username}!`);
    }
  });
  await bot.connect();
  const ana = server.register('ana').user;
  const [general] = server.perform(ana, 'room.list', {}).rooms;
  assert.ok(general);
  server.perform(ana, 'message.send', { room: general.id, id: crypto.randomUUID(), text: 'hi' });
  await settle();
  assert.deepEqual(server.texts(general.id), ['hi', 'Hello, ana!']);
  bot.close();
});

test('what is written while the connection is gone arrives once, after the next one', async () => {
  const { clock, server, client, general } = await withAna();
  for (const breakIt of [() => server.drop(), () => server.restart(), () => server.drop(4002, 'slow')]) {
    breakIt();
    const sent = client.send(general.id, 'still here');
    await settle();
    assert.equal(client.state.name, 'waiting');
    await clock.advance(1_000);
    assert.equal(sent.state, 'sent');
  }
  assert.equal(server.texts(general.id).length, 3);
});

test('a lost answer, an error: what is injected happens once', async () => {
  const { clock, server, client, general } = await withAna();
  server.loseAnswer('message.send');
  server.refuse('message.send', 'rate_limited', 5_000);
  const twice = client.send(general.id, 'twice');
  const slowly = client.send(general.id, 'slowly');
  await settle();
  assert.deepEqual([server.texts(general.id), twice.state], [['twice'], 'queued']);
  await clock.advance(1_000);
  assert.deepEqual([twice.state, slowly.state], ['sent', 'queued']);
  await clock.advance(5_000);
  assert.equal(slowly.state, 'sent');
  assert.deepEqual(server.texts(general.id), ['twice', 'slowly']);
  server.refuse('room.create', 'forbidden');
  await assert.rejects(client.call('room.create', { name: 'tea' }), { code: 'forbidden' });
  await client.call('room.create', { name: 'tea' });
});

test('a server that is away is not there for anybody, until it starts', async () => {
  const { clock, server, client } = await withAna();
  server.stop(3_000);
  await settle();
  assert.equal(client.state.name === 'waiting' && client.state.retryInMs, 3_000);
  await clock.advance(10_000);
  assert.equal(client.state.name, 'waiting');
  await assert.rejects(login(server.url, { username: 'ana', password: 'a password' }, server.connection), {
    code: 'unavailable',
  });
  server.start();
  await clock.advance(60_000);
  assert.equal(client.state.name, 'live');
});

test('logins are renewed and ended as on the real server', async () => {
  const { clock, server, grant, client } = await withAna();
  const renewed: HeldGrant[] = [];
  client.on('grant', next => renewed.push(next));
  await clock.advance(900_000);
  assert.equal(renewed.length, 1);
  assert.equal(server.connections, 1);
  server.signOut(grant.user);
  await settle();
  assert.equal(client.state.name === 'closed' && client.state.reason, 'unauthorized');
  assert.equal(server.connections, 0);
});

/** Somewhere to chat. */
interface World {
  enter(username: string, displayName: string): Promise<ChatClient>;
}

function memoryWorld(): World {
  const server = new MemoryServer();
  return worldOf(server.connection);
}

async function realWorld(): Promise<World> {
  const server = await startServer();
  after(() => server.close());
  return worldOf({ url: server.url });
}

function worldOf(connection: Pick<ChatClientOptions, 'url' | 'WebSocket' | 'fetch'>): World {
  return {
    async enter(username, displayName) {
      const { url, fetch } = connection;
      const grant = await register(String(url), { username, password, displayName }, { fetch });
      const client = new ChatClient({ ...connection, grant });
      cleanups.push(() => client.close());
      await client.connect();
      return client;
    },
  };
}

/** Everything a client is told, in words that are the same in every world. */
function protocolOf(client: ChatClient): string[] {
  const told: string[] = [];
  client.on('joined', ({ room }) => told.push(`joined ${describe(client, room.id)}`));
  client.on('left', ({ room }) => told.push(`left ${room.info.name}`));
  client.on('read', ({ room }) => told.push(`read ${room.unread}`));
  client.on('change', ({ room, delta }) => {
    const rows = [
      ...(delta.messages ?? []).map(({ seq, sender, text }) => `${seq} ${sender.username}: ${text}`),
      ...(delta.members ?? []).map(
        ({ user, role, in: isIn }) => `${user.username} ${role} ${isIn ? 'in' : 'out'}`,
      ),
    ];
    told.push(`change ${delta.from}–${delta.version} ${rows.join(', ')} ${describe(client, room.id)}`);
  });
  return told;
}

function describe(client: ChatClient, id: string): string {
  const room = client.rooms.get(id);
  if (!room) return 'gone';
  const { id: _, createdAt, peer, ...info } = room.info;
  const fields = { ...info, peer: peer?.username, held: room.version, unread: room.unread };
  return JSON.stringify(Object.entries(fields).sort());
}

/** Two people in one world: what each of them was told, and what was answered. */
async function script({ enter }: World): Promise<{ told: string[][]; answers: unknown[] }> {
  const [ana, bruno] = [await enter('ana', 'Brúno’s friend'), await enter('bruno', 'ｂｒｕｎｏ')];
  const [anasId, brunosId] = [ana.me?.id ?? '', bruno.me?.id ?? ''];
  const general = [...bruno.rooms.keys()][0] ?? '';
  const both = (what: string, holds: (client: ChatClient) => boolean | undefined) =>
    eventually(what, () => [ana, bruno].every(holds));
  await both('both know of both', client => client.rooms.get(general)?.info.memberCount === 2);
  const told = [ana, bruno].map(protocolOf);
  const answers: unknown[] = [];
  const refused = (asked: Promise<unknown>) =>
    asked.then(
      () => assert.fail('not refused'),
      ({ code }) => answers.push(code),
    );
  const at = (room: string, version: number) => (client: ChatClient) =>
    client.rooms.get(room)?.version === version;

  const teaId = crypto.randomUUID();
  const { room: tea } = await ana.call('room.create', { id: teaId, name: 'Tea', topic: 'green' });
  answers.push((await ana.call('room.create', { id: teaId, name: 'Tea' })).room.topic);
  await refused(bruno.call('room.create', { id: teaId, name: 'Other tea' }));
  await refused(bruno.call('room.create', { name: ' tEA ' }));
  const secret = (await ana.call('room.create', { name: 'secret', kind: 'private' })).room.id;
  for (const room of [secret, crypto.randomUUID()]) await refused(bruno.call('room.get', { room }));
  await refused(bruno.call('message.history', { room: tea.id }));
  await bruno.call('room.join', { room: tea.id });
  await both('both are in', at(tea.id, 2));
  for (const [index, text] of ['one', 'two', 'três'].entries()) {
    await ana.send(tea.id, text).done;
    await both(text, at(tea.id, 3 + index));
  }
  await bruno.markRead(tea.id, 2);
  await bruno.markRead(tea.id);
  await refused(bruno.call('room.update', { room: tea.id, name: 'mine' }));
  await ana.call('room.update', { room: tea.id, name: 'Coffee', topic: '' });
  await both('renamed', at(tea.id, 6));
  await ana.call('room.update', { room: tea.id, name: 'Coffee' });

  const { room: direct } = await bruno.call('direct.open', { username: 'ana' });
  assert.equal((await ana.call('direct.open', { user: brunosId })).room.id, direct.id);
  await both('both are in the direct room', client => client.rooms.has(direct.id));
  await refused(bruno.call('room.leave', { room: direct.id }));
  await bruno.send(direct.id, 'psst').done;
  await both('psst', at(direct.id, 3));

  await ana.call('room.remove', { room: tea.id, user: brunosId });
  await eventually('bruno is out', () => !bruno.rooms.has(tea.id) && at(tea.id, 7)(ana));
  await refused(bruno.call('room.join', { room: tea.id }));
  await refused(bruno.send(tea.id, 'let me in').done);
  await ana.call('room.invite', { room: tea.id, user: brunosId });
  await both('bruno is back', at(tea.id, 8));
  await ana.call('room.leave', { room: tea.id });
  await eventually('bruno owns it', () => !ana.rooms.has(tea.id) && at(tea.id, 10)(bruno));

  bruno.close();
  const id = crypto.randomUUID();
  await ana.call('message.send', { room: general, id, text: 'while you were away' });
  await refused(ana.call('message.send', { room: general, id, text: 'something else' }));
  await bruno.connect();
  await both('bruno has caught up', client => client.rooms.get(general)?.info.lastSeq === 1);

  for await (const page of bruno.history(tea.id, { limit: 2 })) answers.push(page.map(({ text }) => text));
  for await (const page of bruno.history(tea.id, { after: 1 })) answers.push(page.map(({ text }) => text));
  for await (const page of bruno.browse({ limit: 1 })) answers.push(page.map(({ name }) => name));
  for await (const page of bruno.members(direct.id, { limit: 1 }))
    answers.push(page.map(({ user }) => user.username));
  const { delta, more } = await bruno.call('room.changes', { room: tea.id, after: 1, limit: 3 });
  answers.push([delta.from, delta.version, delta.messages?.length, more]);
  for (const query of ['AN', 'brun', 'BRÚNO', 'ｂｒu', 'nobody', '\u0301']) {
    const { users } = await bruno.call('user.find', { query });
    answers.push([query, users.map(({ username }) => username)]);
  }
  answers.push((await bruno.call('room.list', {})).rooms.map(({ name }) => name));
  answers.push((await bruno.call('room.read', { room: tea.id, seq: 1 })).readSeq);
  await refused(bruno.call('room.invite', { room: tea.id, user: crypto.randomUUID() }));
  await refused(bruno.call('room.remove', { room: general, user: anasId }));
  return { told, answers };
}

test('two clients see in memory what they see on the real server', async () => {
  const [inMemory, inReality] = [await script(memoryWorld()), await script(await realWorld())];
  assert.deepEqual(inMemory.answers, inReality.answers);
  assert.deepEqual(inMemory.told, inReality.told);
  assert.ok(inReality.told.flat().length > 25, 'they have been told something');
});
