/** Feeds against a database that is ahead of them, in every order of events that a seed can make. */
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { limits } from '../src/contract/limits.ts';
import type { Delta, Member, Message } from '../src/contract/objects.ts';
import { RoomFeed } from '../src/server/live/room-feed.ts';
import { Session } from '../src/server/live/session.ts';
import { Turn } from '../src/server/live/turn.ts';
import { Metrics } from '../src/server/metrics.ts';
import type { Change, ChangeRange } from '../src/server/store/changes.ts';
import { atEnd } from './support/at-end.ts';
import { framesOf } from './support/frames.ts';

const room = '0199a4d2-0000-7000-8000-000000000001';
const person = { id: room, username: 'ana', displayName: 'Ana', createdAt: '2026-01-01T00:00:00.000Z' };

/**
 * A room: `committed` is what the database holds, of which the feed is told in order, later. In a crowded one all but every
 * third change is somebody's coming or going.
 */
class World {
  readonly metrics = new Metrics();
  readonly turn = new Turn(this.metrics);
  readonly isCrowded: boolean;
  committed = 0;
  told = 0;
  /** Reads of missing changes that are under way. */
  readonly reads: (() => void)[] = [];
  readonly feed = new RoomFeed(room, {
    turn: this.turn,
    metrics: this.metrics,
    readAbove: (_room, after) => this.#later(() => ({ ...this.range(after), more: false })),
    readNewest: () => this.#later(() => this.range(0)),
    deliver: delta => void this.feed.accept(delta),
    onFailure: error => assert.fail(String(error)),
  });

  constructor(isCrowded = false) {
    this.isCrowded = isCrowded;
  }

  isComing(version: number): boolean {
    return this.isCrowded && version % 3 !== 0;
  }

  deltaAt(version: number): Delta {
    const range = { room, from: version, version };
    return this.isComing(version)
      ? { ...range, members: [memberAt(version)], memberCount: limits.maxMembersTold + version }
      : { ...range, messages: [messageAt(version)] };
  }

  commit(): void {
    this.committed += 1;
  }

  /** The next commit's outcome arrives. */
  tell(): void {
    if (this.told === this.committed) return;
    this.told += 1;
    this.feed.accept(this.deltaAt(this.told));
  }

  range(after: number): ChangeRange {
    const versions = Array.from(
      { length: Math.max(0, this.committed - after) },
      (_, index) => after + 1 + index,
    );
    const changes = versions.map(
      (version): Change =>
        this.isComing(version)
          ? { version, member: memberAt(version) }
          : { version, message: messageAt(version) },
    );
    const memberCount = this.isCrowded ? limits.maxMembersTold + this.committed : 1;
    return { after, head: this.committed, memberCount, changes };
  }

  async finishRead(): Promise<void> {
    this.reads.shift()?.();
    await new Promise(setImmediate);
  }

  /** Answers all reads, and those that follow from them. */
  async finishReads(): Promise<void> {
    do await this.finishRead();
    while (this.reads.length > 0);
    this.turn.end();
  }

  #later<Result>(read: () => Result): Promise<Result> {
    return new Promise(resolve => this.reads.push(() => resolve(read())));
  }
}

/** Someone on the way in. */
class Reader {
  readonly session: Session;
  readonly #chunks: Buffer[] = [];
  readonly #world: World;
  #snapshot: number | undefined;
  released = false;
  closed: number | undefined;

  constructor(world: World) {
    this.#world = world;
    const wire = {
      write: (chunks: readonly Buffer[]) => void this.#chunks.push(...chunks),
      unsentBytes: () => 0,
      close: (code: number) => {
        this.closed = code;
      },
    };
    this.session = new Session('session', person, 'login', wire, world.turn, world.metrics);
    world.feed.enter(this.session);
  }

  /** Someone who is in, with all there was. */
  static live(world: World): Reader {
    const reader = new Reader(world);
    reader.read();
    reader.release();
    return reader;
  }

  read(): void {
    this.#snapshot ??= this.#world.committed;
  }

  release(): void {
    if (this.#snapshot === undefined || this.released) return;
    this.released = true;
    this.#world.feed.release(this.session, this.#snapshot);
  }

  get snapshot(): number {
    return this.#snapshot ?? 0;
  }

  get deltas(): Delta[] {
    return framesOf(Buffer.concat(this.#chunks)).map(text => JSON.parse(text));
  }
}

function messageAt(version: number): Message {
  return {
    id: room,
    seq: version,
    version,
    sender: person,
    text: `message ${version}`,
    at: person.createdAt,
  };
}

function memberAt(version: number): Member {
  const user = { ...person, id: `${room.slice(0, -6)}${String(version).padStart(6, '0')}` };
  return { user, role: 'member', in: true, at: person.createdAt, version };
}

/**
 * Every version above the snapshot, each once, in order, each in a Delta that joins the one before and has all its rows;
 * but for comings and goings in a crowded room, which are covered only.
 */
function assertNoHoleNoOverlap(reader: Reader, upTo: number, world: World): void {
  let version = reader.snapshot;
  for (const delta of reader.deltas) {
    assert.equal(delta.from, version + 1);
    const covered = Array.from({ length: delta.version - delta.from + 1 }, (_, index) => delta.from + index);
    assert.deepEqual(
      (delta.messages ?? []).map(message => message.version),
      covered.filter(at => !world.isComing(at)),
    );
    assert.equal(delta.members, undefined);
    if (covered.some(at => world.isComing(at))) assert.ok((delta.memberCount ?? 0) > limits.maxMembersTold);
    version = delta.version;
  }
  assert.equal(version, Math.max(upTo, reader.snapshot));
}

type Step = (world: World, readers: Reader[], choice: number) => void | Promise<void>;

const chosen = (readers: Reader[], choice: number) => readers[choice % Math.max(1, readers.length)];

const steps: Record<string, Step> = {
  commit: world => world.commit(),
  tell: world => world.tell(),
  read: world => world.finishRead(),
  endTurn: world => world.turn.end(),
  enter: (world, readers) => void readers.push(new Reader(world)),
  snapshot: (_world, readers, choice) => chosen(readers, choice)?.read(),
  release: (_world, readers, choice) => chosen(readers, choice)?.release(),
};

const aStep = fc.tuple(fc.constantFrom(...Object.keys(steps), 'commit', 'tell'), fc.nat(7));

/** Timers go only when the test moves them. */
function stopTimers(context: TestContext): void {
  mock.timers.enable({ apis: ['setTimeout'] });
  atEnd(context, () => mock.timers.reset());
}

const manySteps = fc.array(aStep, { minLength: 20, maxLength: 150, size: 'max' });

/** Takes the steps, lets everybody in and everything arrive, and looks at what each was given. */
async function playOut(world: World, names: readonly [string, number][]): Promise<void> {
  const readers: Reader[] = [];
  for (const [name, choice] of names) await steps[name]?.(world, readers, choice);
  for (const reader of readers) {
    reader.read();
    reader.release();
  }
  while (world.told < world.committed) world.tell();
  await world.finishReads();
  if (world.isCrowded) mock.timers.tick(limits.coverWithinMs);
  await world.finishReads();
  for (const reader of readers) assertNoHoleNoOverlap(reader, world.committed, world);
}

test('[G5] whoever enters while messages fly gets every change above what was read, once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(manySteps, names => playOut(new World(), names)),
    { numRuns: 2000 },
  );
});

test('[G5] in a crowded room comings and goings are covered, and messages told, without a hole or an overlap', async context => {
  stopTimers(context);
  await fc.assert(
    fc.asyncProperty(manySteps, names => playOut(new World(true), names)),
    { numRuns: 2000 },
  );
});

test('in a crowded room a crowd that comes is one frame, after a second at the latest', context => {
  stopTimers(context);
  const world = new World(true);
  const reader = Reader.live(world);
  for (let version = 1; version <= 2; version += 1) world.feed.accept(world.deltaAt(version));
  world.turn.end();
  assert.deepEqual(reader.deltas, []);
  mock.timers.tick(limits.coverWithinMs);
  world.turn.end();
  const memberCount = limits.maxMembersTold + 2;
  assert.deepEqual(reader.deltas, [{ event: 'change', room, from: 1, version: 2, memberCount }]);
});

test('in a crowded room it is told by name who owns it from now on', context => {
  stopTimers(context);
  const world = new World(true);
  const reader = Reader.live(world);
  const [gone, heir] = [
    { ...memberAt(1), in: false },
    { ...memberAt(2), role: 'owner' as const },
  ];
  const memberCount = limits.maxMembersTold + 1;
  world.feed.accept({ room, from: 1, version: 2, members: [gone, heir], memberCount });
  mock.timers.tick(limits.coverWithinMs);
  world.turn.end();
  const [change] = reader.deltas;
  assert.deepEqual(change, { event: 'change', room, from: 1, version: 2, members: [heir], memberCount });
});

test('[G9] who leaves a crowded room is told up to there, and that it is so; the others later', context => {
  stopTimers(context);
  const world = new World(true);
  const [leaver, stayer] = [Reader.live(world), Reader.live(world)];
  for (let version = 1; version <= 2; version += 1) world.feed.accept(world.deltaAt(version));
  world.feed.leave(leaver.session, 2);
  world.turn.end();
  const memberCount = limits.maxMembersTold + 2;
  assert.deepEqual(leaver.deltas, [
    { event: 'change', room, from: 1, version: 2, memberCount },
    { event: 'left', room },
  ]);
  assert.deepEqual(stayer.deltas, []);
  world.feed.accept(world.deltaAt(3));
  world.turn.end();
  assertNoHoleNoOverlap(stayer, 3, world);
  assert.equal(leaver.deltas.length, 2);
});

test('[G5] a feed that was not told of a change reads it, and passes it on once', async () => {
  const world = new World();
  const reader = Reader.live(world);
  for (let version = 1; version <= 5; version += 1) world.commit();
  world.feed.accept(world.deltaAt(1));
  // 2 and 3 are lost on the way; 5 comes while they are being read.
  world.feed.accept(world.deltaAt(4));
  world.feed.accept(world.deltaAt(5));
  assert.equal(world.reads.length, 1, 'one read however many changes show the gap');
  world.reads.shift()?.();
  await new Promise(setImmediate);
  world.turn.end();
  assertNoHoleNoOverlap(reader, 5, world);
});

test('[G5] a repair that overlaps what has arrived meanwhile is cut to what is missing', async () => {
  const world = new World();
  const reader = Reader.live(world);
  for (let version = 1; version <= 4; version += 1) world.commit();
  world.feed.reach(2);
  world.feed.accept(world.deltaAt(1));
  world.feed.accept(world.deltaAt(2));
  world.reads.shift()?.();
  await new Promise(setImmediate);
  world.turn.end();
  assertNoHoleNoOverlap(reader, 4, world);
});

test('[G9] who leaves while held gets the changes up to the leave, then the word that it is so', () => {
  const world = new World();
  const reader = new Reader(world);
  reader.read();
  for (let version = 1; version <= 3; version += 1) world.commit();
  world.tell();
  world.tell();
  world.feed.leave(reader.session, 2);
  world.tell();
  reader.release();
  world.turn.end();
  const frames = reader.deltas as (Delta & { event: string })[];
  assert.deepEqual(
    frames.map(frame => [frame.event, frame.version]),
    [
      ['change', 1],
      ['change', 2],
      ['left', undefined],
    ],
  );
});

test('many who catch up at once share one read', async () => {
  const world = new World();
  for (let version = 1; version <= 10; version += 1) world.commit();
  const asked = [0, 3, 9].map(after => world.feed.changesBetween(after, 10));
  assert.equal(world.reads.length, 1);
  world.reads.shift()?.();
  const found = await Promise.all(asked);
  assert.deepEqual(
    found.map(changes => changes?.map(change => change.version)),
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [4, 5, 6, 7, 8, 9, 10], [10]],
  );
});

test('a shared read is not enough for one who has seen a later version', async () => {
  const world = new World();
  for (let version = 1; version <= 3; version += 1) world.commit();
  const early = world.feed.changesBetween(0, 3);
  world.reads.shift()?.();
  await early;
  world.commit();
  const late = world.feed.changesBetween(0, 4);
  await new Promise(setImmediate);
  world.reads.shift()?.();
  assert.equal((await late)?.at(-1)?.version, 4);
});
