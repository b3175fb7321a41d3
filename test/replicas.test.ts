/**
 * Whatever happens, in whatever order, and however the network treats them: in the end every client holds what somebody
 * would who asked for everything afresh. The whole server and the whole SDK, over a network that the test moves by hand.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { WebSocket } from 'ws';
import type { Grant, Member, Message, Room } from '../src/contract/objects.ts';
import { ChatClient, type RoomReplica, type SocketConstructor } from '../src/sdk/index.ts';
import { FakeClock } from './support/fake-clock.ts';
import { Line } from './support/line.ts';
import { register, request } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

let server: TestServer;

before(async () => {
  server = await startServer({ PAPO_DEFAULT_ROOMS: '' });
});

after(() => server.close());

/** One device of a person: the SDK on a line of its own. */
class Device {
  readonly owner: Grant;
  readonly clock = new FakeClock();
  readonly client: ChatClient;
  line: Line | undefined;

  constructor(owner: Grant) {
    this.owner = owner;
    this.client = new ChatClient({
      url: server.url,
      token: owner.token,
      clock: this.clock,
      random: () => 0.5,
      WebSocket: this.#webSocket(),
    });
  }

  #webSocket(): SocketConstructor {
    const dial = () => {
      const line = new Line();
      this.line = line;
      server.accept(line.server);
      return line.client;
    };
    const Socket = class extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { createConnection: dial as never });
      }
    };
    return Socket as unknown as SocketConstructor;
  }

  /** Connected again if it was not, and nothing held back. */
  async live(): Promise<void> {
    this.line?.open();
    await eventually('the device is live', async () => {
      if (this.client.state.name === 'waiting') await this.clock.advance(this.client.state.retryInMs);
      return this.client.state.name === 'live';
    });
  }
}

/** Some people with their devices, and the rooms they have made. */
class Scene {
  readonly people: Grant[];
  readonly devices: Device[];
  readonly rooms: string[] = [];
  /** Ids and texts that were sent, for sending them again. */
  readonly sent: { who: Grant; room: string; id: string; text: string }[] = [];
  #count = 0;

  constructor(people: Grant[]) {
    this.people = people;
    // Each has one device, the first one has two.
    this.devices = [...people, ...people.slice(0, 1)].map(person => new Device(person));
  }

  static async open(): Promise<Scene> {
    const tag = uuidv7().slice(-12);
    const people = await Promise.all(['a', 'b', 'c'].map(name => register(server.url, `${name}.${tag}`)));
    const scene = new Scene(people);
    await scene.make(0);
    await scene.make(1);
    for (const { client } of scene.devices) client.connect();
    await Promise.all(scene.devices.map(device => device.live()));
    return scene;
  }

  async close(): Promise<void> {
    for (const { client } of this.devices) client.close();
  }

  /** A room of everybody's. */
  async make(owner: number): Promise<void> {
    const who = pick(this.people, owner);
    this.#count += 1;
    const name = `room ${this.#count}`;
    const room = (await this.ask<{ room: Room }>(who, 'POST', '/rooms', { name, kind: 'private' })).room.id;
    this.rooms.push(room);
    for (const { user } of this.people)
      await this.ask(who, 'POST', `/rooms/${room}/members`, { user: user.id });
  }

  /** Asks over HTTP; whether it is allowed is not the question here. */
  async ask<Body>({ token }: Grant, method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await request<Body>(server.url, method, path, { token, body });
    assert.ok(answer.status < 500, JSON.stringify(answer.body));
    return answer.body;
  }

  text(): string {
    this.#count += 1;
    return `text ${this.#count}`;
  }
}

const pick = <Item>(items: readonly Item[], choice: number): Item => {
  const item = items[choice % items.length];
  assert.ok(item !== undefined);
  return item;
};

type Step = (scene: Scene, who: number, what: number) => unknown;

/** What may happen. Those over HTTP are done when the server says so; those of devices go on by themselves. */
const steps: Record<string, Step> = {
  say: (scene, who, what) => {
    const { client } = pick(scene.devices, who);
    client.send(pick(scene.rooms, what), scene.text());
  },
  post: async (scene, who, what) => {
    const message = {
      who: pick(scene.people, who),
      room: pick(scene.rooms, what),
      id: uuidv7(),
      text: scene.text(),
    };
    scene.sent.push(message);
    await steps.repeat?.(scene, scene.sent.length - 1, 0);
  },
  repeat: async (scene, which) => {
    if (scene.sent.length === 0) return;
    const { who, room, id, text } = pick(scene.sent, which);
    await scene.ask(who, 'POST', `/rooms/${room}/messages`, { id, text });
  },
  join: (scene, who, what) =>
    scene.ask(pick(scene.people, what), 'POST', `/rooms/${pick(scene.rooms, what)}/members`, {
      user: pick(scene.people, who).user.id,
    }),
  leave: (scene, who, what) =>
    scene.ask(pick(scene.people, who), 'POST', `/rooms/${pick(scene.rooms, what)}/leave`),
  remove: (scene, who, what) =>
    scene.ask(
      pick(scene.people, what),
      'DELETE',
      `/rooms/${pick(scene.rooms, what)}/members/${pick(scene.people, who).user.id}`,
    ),
  rename: (scene, who, what) => {
    const body = what % 2 === 0 ? { name: scene.text() } : { topic: what % 3 === 0 ? '' : scene.text() };
    return scene.ask(pick(scene.people, who), 'PATCH', `/rooms/${pick(scene.rooms, what)}`, body);
  },
  read: (scene, who, what) =>
    scene.ask(pick(scene.people, who), 'PUT', `/rooms/${pick(scene.rooms, what)}/read`, { seq: what }),
  make: (scene, who) => (scene.rooms.length < 4 ? scene.make(who) : undefined),
  hold: (scene, who) => pick(scene.devices, who).line?.hold(),
  pass: (scene, who, what) => {
    const { line } = pick(scene.devices, who);
    line?.client.pass(what);
    line?.server.pass(what);
  },
  open: (scene, who) => pick(scene.devices, who).line?.open(),
  cut: (scene, who) => pick(scene.devices, who).line?.cut(),
  comeBack: (scene, who) => pick(scene.devices, who).clock.advance(1_000),
};

const often = ['say', 'say', 'post', 'repeat', 'pass', 'comeBack'];
const aStep = fc.tuple(fc.constantFrom(...Object.keys(steps), ...often), fc.nat(7), fc.nat(7));

/** Everything that a fresh fetch says of a person's rooms. */
async function fetched(scene: Scene, person: Grant) {
  const { rooms } = await scene.ask<{ rooms: Room[] }>(person, 'GET', '/rooms');
  return Promise.all(
    rooms.map(async room => {
      const path = `/rooms/${room.id}`;
      const { members } = await scene.ask<{ members: Member[] }>(person, 'GET', `${path}/members`);
      const messages: Message[] = [];
      for (let more = true; more; ) {
        const after = messages.at(-1)?.seq ?? 0;
        const page = await scene.ask<{ messages: Message[]; more: boolean }>(
          person,
          'GET',
          `${path}/messages?after=${after}&limit=100`,
        );
        messages.push(...page.messages);
        more = page.more;
      }
      return { room, members, messages };
    }),
  );
}

function assertSame(
  replica: RoomReplica | undefined,
  fresh: Awaited<ReturnType<typeof fetched>>[number],
): void {
  assert.ok(replica, `${fresh.room.name} is missing`);
  assert.deepEqual(replica.info, fresh.room);
  assert.equal(replica.version, fresh.room.version);
  assert.deepEqual(
    replica.messages,
    fresh.messages.filter(({ seq }) => seq >= replica.completeFrom),
  );
  const present = new Map(fresh.members.map(member => [member.user.id, member]));
  for (const [id, member] of replica.members) {
    if (member.in) assert.deepEqual(member, present.get(id));
    else assert.equal(present.get(id), undefined);
  }
}

/** Everybody back and up to date: nothing undecided, and each room at the version that the server has. */
async function settled(scene: Scene): Promise<void> {
  await eventually('everybody is up to date', async () => {
    for (const device of scene.devices) {
      const { client, owner, clock } = device;
      // Not once before: who looks live may not have noticed yet that the line is cut.
      await device.live();
      // Messages of rooms that the sender is no longer in fail; all others are on their way.
      if (client.outgoing.some(({ state }) => state !== 'failed')) {
        await clock.advance(1_000);
        return false;
      }
      const { rooms } = await scene.ask<{ rooms: Room[] }>(owner, 'GET', '/rooms');
      const isCurrent = (room: Room) => client.rooms.get(room.id)?.version === room.version;
      if (client.rooms.size !== rooms.length || !rooms.every(isCurrent)) return false;
    }
    return true;
  });
}

test('[G2] [G5] [G6] [CLIENT-1] after anything, every client holds what a fresh fetch says, field by field', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 20, maxLength: 60, size: 'max' }), async names => {
      const scene = await Scene.open();
      for (const [name, who, what] of names) await steps[name]?.(scene, who, what);
      await settled(scene);
      for (const { client, owner } of scene.devices) {
        const fresh = await fetched(scene, owner);
        for (const part of fresh) assertSame(client.rooms.get(part.room.id), part);
      }
      await scene.close();
    }),
    { numRuns: 25, endOnFailure: true },
  );
});
