/** A server that is stopped and started again, time after time, while people talk: they notice reconnects, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatClient, type Message, register } from '../src/sdk/index.ts';
import { atEnd } from './support/at-end.ts';
import { password } from './support/people.ts';
import { ownPort } from './support/ports.ts';
import { createDatabase } from './support/postgres.ts';
import { type ServerProcess, spawnServer } from './support/server.ts';
import { eventually, within } from './support/waiting.ts';

const restarts = 3;
/** Sent before each restart, at least. */
const perRound = 40;
/** How far ahead of the slowest reader a talker may be: far enough to have some on the way whenever the server stops. */
const ahead = 10;

/** Someone who talks in every room without a pause, and remembers everything they were told. */
class Talker {
  readonly client: ChatClient;
  readonly name: string;
  readonly sent: Promise<Message>[] = [];
  /** By room, in the order told. */
  readonly heard = new Map<string, Message[]>();
  readonly oddities: string[] = [];
  lives = 0;

  constructor(client: ChatClient, name: string) {
    this.client = client;
    this.name = name;
    client.on('change', ({ room, delta }) => {
      this.heard.set(room.id, [...(this.heard.get(room.id) ?? []), ...(delta.messages ?? [])]);
    });
    client.on('state', state => {
      if (state.name === 'live') this.lives += 1;
      if (state.name === 'closed') this.oddities.push(`closed: ${state.detail}`);
    });
    client.on('reset', ({ room }) => this.oddities.push(`a reset of ${room.id}`));
    client.on('error', error => this.oddities.push(`an error: ${error.message}`));
    client.on('outgoing', ({ state, text }) => {
      if (state === 'failed') this.oddities.push(`failed: ${text}`);
    });
  }

  /** How many of somebody's messages have come. */
  countFrom(sender: Talker): number {
    const all = [...this.heard.values()].flat();
    return all.filter(message => message.sender.username === sender.name).length;
  }
}

test('[G1] [G2] [G4] [G6] three restarts amid talk: nothing is lost, nothing comes twice, everyone has one order', async t => {
  const database = await createDatabase();
  atEnd(t, () => database.drop());
  const environment = { DATABASE_URL: database.url, PORT: String(await ownPort()) };
  const start = () => spawnServer(environment);
  let server: ServerProcess = await start();
  atEnd(t, () => server.end('SIGKILL'));
  const { url } = server;

  const talkers = await Promise.all(['ana', 'bruno', 'carla', 'davi'].map(join));
  const [ana] = talkers;
  assert.ok(ana);
  const rooms = await openRooms(talkers);
  for (const talker of talkers) talker.heard.clear();

  const slowest = (talker: Talker) => Math.min(...talkers.map(reader => reader.countFrom(talker)));
  let isOver = false;
  const talking = talkers.map(async talker => {
    for (let count = 0; !isOver; count += 1) {
      const room = rooms[count % rooms.length] ?? '';
      const message = talker.client.send(room, `${talker.name} ${count}`);
      talker.sent.push(message.done);
      await eventually('everyone keeps up', () => isOver || slowest(talker) > talker.sent.length - ahead);
    }
  });

  for (let restart = 0; restart < restarts; restart += 1) {
    const target = (restart + 1) * perRound;
    await eventually('everyone has talked a while', () => talkers.every(talker => slowest(talker) >= target));
    assert.equal(await server.end('SIGTERM'), 0, server.output.join('\n'));
    server = await start();
    await eventually('all are back', () => talkers.every(({ lives }) => lives > restart));
  }
  isOver = true;
  await within('all have said their last', Promise.all(talking));
  const decided = await within(
    'everything is acknowledged',
    Promise.all(talkers.flatMap(({ sent }) => sent)),
  );
  await eventually('everyone has everything', () =>
    talkers.every(reader => talkers.every(talker => reader.countFrom(talker) >= talker.sent.length)),
  );

  assert.ok(decided.length > talkers.length * restarts * perRound);
  for (const room of rooms) {
    const stored: Message[] = [];
    for await (const page of ana.client.history(room, { after: 0 })) stored.push(...page);
    const order = stored.map(({ seq, id }) => [seq, id]);
    assert.deepEqual(
      order.map(([seq]) => seq),
      order.map((_, index) => index + 1),
    );
    for (const { heard, name } of talkers) {
      assert.deepEqual(
        heard.get(room)?.map(({ seq, id }) => [seq, id]),
        order,
        `what ${name} was told, and when`,
      );
    }
  }
  const texts = decided.map(({ text }) => text);
  assert.equal(new Set(texts).size, texts.length);
  for (const { oddities, lives } of talkers) {
    assert.deepEqual(oddities, []);
    assert.ok(lives >= restarts);
  }

  async function join(username: string): Promise<Talker> {
    const grant = await register(url, { username, password });
    const client = new ChatClient({ url, grant });
    atEnd(t, () => client.close());
    await client.connect();
    return new Talker(client, username);
  }
});

async function openRooms(talkers: readonly Talker[]): Promise<string[]> {
  const [owner, ...others] = talkers;
  assert.ok(owner);
  const rooms = await Promise.all(
    ['tea', 'coffee', 'water'].map(async name => (await owner.client.call('room.create', { name })).room.id),
  );
  for (const { client } of others) for (const room of rooms) await client.call('room.join', { room });
  await eventually('all are in', () =>
    talkers.every(({ client }) => rooms.every(room => client.rooms.has(room))),
  );
  return rooms;
}
