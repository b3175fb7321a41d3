/** The hub between a database that is ahead and sessions that come and go: each read answered when the test says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delta, Member, Room } from '../src/contract/objects.ts';
import { OperationError } from '../src/server/errors.ts';
import { Hub } from '../src/server/live/hub.ts';
import { Session } from '../src/server/live/session.ts';
import { Turn } from '../src/server/live/turn.ts';
import { createLog } from '../src/server/log.ts';
import { Metrics } from '../src/server/metrics.ts';
import { type ChangeRange, deltasOf } from '../src/server/store/changes.ts';
import { framesOf } from './support/frames.ts';

const roomId = '0199a4d2-0000-7000-8000-00000000000a';
const at = '2026-01-01T00:00:00.000Z';
const person = (name: string) => ({ id: name, username: name, displayName: name, createdAt: at });

function roomAt(version: number): Room {
  return {
    id: roomId,
    kind: 'private',
    name: 'a room',
    createdAt: at,
    memberCount: 2,
    lastSeq: 0,
    version,
    role: 'member',
  };
}

const member = (name: string, isIn: boolean, version: number): Member => ({
  user: person(name),
  role: 'member',
  in: isIn,
  at,
  version,
});

const change = (name: string, isIn: boolean, version: number): Delta => ({
  room: roomId,
  from: version,
  version,
  members: [member(name, isIn, version)],
});

/** A hub whose reads of a room wait for the test. */
class Scene {
  readonly metrics = new Metrics();
  readonly turn = new Turn(this.metrics);
  /** What the database answers to who asks for what is missing. */
  missed: ChangeRange = { after: 0, head: 0, memberCount: 0, changes: [] };
  readonly reads: { show(version: number): void; refuse(): void }[] = [];
  readonly hub = new Hub(
    {
      joinedBy: () =>
        new Promise((resolve, reject) =>
          this.reads.push({
            show: version => resolve(roomAt(version)),
            refuse: () => reject(new OperationError('not_found')),
          }),
        ),
    },
    {
      above: async (_room, after) => ({ ...this.missed, after, more: false }),
      newest: () => assert.fail('nobody catches up'),
    },
    this.turn,
    this.metrics,
    createLog('silent'),
  );

  connect(name: string): { session: Session; told(): Promise<string[]> } {
    const chunks: Buffer[] = [];
    const wire = {
      write: (bytes: readonly Buffer[]) => void chunks.push(...bytes),
      unsentBytes: () => 0,
      close: () => assert.fail('nobody is cut off'),
    };
    const session = new Session(name, person(name), 'login', wire, this.turn, this.metrics);
    this.hub.connect(session);
    const told = async () => {
      await new Promise(setImmediate);
      this.turn.end();
      return framesOf(Buffer.concat(chunks)).map(text => {
        const frame = JSON.parse(text);
        return frame.event === 'change' ? `${frame.from}–${frame.version}` : frame.event;
      });
    };
    return { session, told };
  }

  /** Connected, and told that there are no rooms. */
  live(name: string) {
    const connected = this.connect(name);
    this.hub.beginSync(connected.session);
    this.hub.goLive(connected.session, []);
    return connected;
  }
}

test('[G5] who comes in is told, also when another one’s snapshot has shown the change to the feed first', async () => {
  const scene = new Scene();
  const { hub, reads } = scene;
  const [ana, bruno] = [scene.connect('ana'), scene.live('bruno')];
  hub.beginSync(ana.session);
  hub.enter(ana.session, roomId);
  hub.goLive(ana.session, [roomAt(5)]);
  hub.deliver(change('bruno', true, 5));
  assert.equal(reads.length, 1);
  reads[0]?.show(5);
  assert.deepEqual(await bruno.told(), ['joined']);
  hub.deliver(change('carla', true, 6));
  assert.deepEqual(await bruno.told(), ['joined', '6–6']);
});

test('[G9] who leaves while a snapshot has shown the leave to the feed first is out all the same', async () => {
  const scene = new Scene();
  const { hub } = scene;
  const [ana, carla] = [scene.connect('ana'), scene.connect('carla')];
  for (const { session } of [ana, carla]) {
    hub.beginSync(session);
    hub.enter(session, roomId);
  }
  scene.missed = {
    after: 4,
    head: 6,
    memberCount: 1,
    changes: [
      { version: 5, member: member('carla', false, 5) },
      { version: 6, member: member('bruno', true, 6) },
    ],
  };
  hub.goLive(ana.session, [roomAt(5)]);
  hub.deliver(change('carla', false, 5));
  hub.goLive(carla.session, [roomAt(4)]);
  hub.deliver(change('bruno', true, 6));
  assert.deepEqual(await ana.told(), ['6–6']);
  assert.deepEqual(await carla.told(), ['5–5', 'left']);
});

test('who comes in while a sync under way has read the rooms without this one is told when it is done', async () => {
  const scene = new Scene();
  const { hub, reads } = scene;
  const bruno = scene.connect('bruno');
  hub.beginSync(bruno.session);
  hub.enter(bruno.session, roomId);
  hub.deliver(change('bruno', true, 5));
  hub.goLive(bruno.session, []);
  reads[0]?.show(5);
  assert.deepEqual(await bruno.told(), ['joined']);
});

test('a read mark that moves while a sync is under way is told when it is done', async () => {
  const scene = new Scene();
  const bruno = scene.connect('bruno');
  scene.hub.read('bruno', roomId, 1, undefined);
  scene.hub.beginSync(bruno.session);
  scene.hub.read('bruno', roomId, 2, undefined);
  assert.deepEqual(await bruno.told(), []);
  scene.hub.goLive(bruno.session, []);
  assert.deepEqual(await bruno.told(), ['read']);
});

test('a session that ends while it is synced stays ended', () => {
  const scene = new Scene();
  const { session } = scene.connect('bruno');
  scene.hub.beginSync(session);
  session.ended();
  scene.hub.goLive(session, []);
  assert.equal(session.phase, 'closed');
});

test('who leaves and comes back while held stays', async () => {
  const scene = new Scene();
  const { hub } = scene;
  const bruno = scene.connect('bruno');
  hub.beginSync(bruno.session);
  hub.enter(bruno.session, roomId);
  hub.deliver(change('bruno', false, 5));
  hub.deliver(change('bruno', true, 6));
  hub.goLive(bruno.session, [roomAt(4)]);
  hub.deliver(change('carla', true, 7));
  assert.deepEqual(await bruno.told(), ['5–5', '6–6', '7–7']);
});

test('who was out when the room was read, and is in again since, has it read again', async () => {
  const scene = new Scene();
  const { hub, reads } = scene;
  const bruno = scene.live('bruno');
  hub.deliver(change('bruno', true, 5));
  hub.deliver(change('bruno', false, 6));
  hub.deliver(change('bruno', true, 7));
  reads[0]?.refuse();
  await new Promise(setImmediate);
  reads[1]?.show(7);
  assert.deepEqual(await bruno.told(), ['joined']);
});

test('old news of a leave does not put out who has come back since', async () => {
  const scene = new Scene();
  const { hub, reads } = scene;
  const bruno = scene.live('bruno');
  hub.came('bruno', roomId);
  reads[0]?.show(7);
  await bruno.told();
  hub.deliver(change('bruno', false, 6));
  hub.deliver(change('carla', true, 8));
  assert.deepEqual(await bruno.told(), ['joined', '8–8']);
});

test('[G9] what is read to mend a gap ends, for who left in it, where they left', () => {
  const range: ChangeRange = {
    after: 3,
    head: 7,
    memberCount: 1,
    changes: [
      { version: 4, member: member('carla', true, 4) },
      { version: 5, member: member('bruno', false, 5) },
      { version: 7, member: member('dora', true, 7) },
    ],
  };
  const deltas = deltasOf(roomId, range);
  assert.deepEqual(
    deltas.map(({ from, version, members }) => [from, version, members?.length]),
    [
      [4, 5, 2],
      [6, 7, 1],
    ],
  );
});

test('[G10] much in one turn does not make a reader slow whose network takes it', async () => {
  let unsent = 0;
  const wire = {
    write: () => {},
    unsentBytes: () => unsent,
    close: (code: number): void => assert.fail(`closed with ${code}`),
  };
  const metrics = new Metrics();
  const session = new Session('s', person('ana'), 'login', wire, new Turn(metrics), metrics);
  for (let count = 0; count < 10; count += 1) assert.ok(session.push(Buffer.alloc(400 * 1024)));
  unsent = 1024 * 1024;
  let closed: number | undefined;
  wire.close = code => {
    closed = code;
  };
  assert.equal(session.push(Buffer.alloc(1)), false);
  assert.equal(closed, 4002);
});
