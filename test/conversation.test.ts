/** Conversations over a socket that the test reads and closes by hand: what is started, and what has to wait. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { closeCodes } from '../src/contract/codes.ts';
import type { Answer } from '../src/contract/events.ts';
import { limits } from '../src/contract/limits.ts';
import { Conversation } from '../src/server/doors/conversation.ts';
import type { Hub } from '../src/server/live/hub.ts';
import { Session } from '../src/server/live/session.ts';
import { Turn } from '../src/server/live/turn.ts';
import { Metrics } from '../src/server/metrics.ts';
import type { CallingSocket } from '../src/server/operations/caller.ts';
import { framesOf } from './support/frames.ts';

const at = '2026-01-01T00:00:00.000Z';
const user = {
  id: '0199a4d2-0000-7000-8000-00000000000a',
  username: 'ana',
  displayName: 'Ana',
  createdAt: at,
};
const aDayMs = 24 * 60 * 60 * 1000;

/** What `ws` is to a conversation. */
class Socket extends EventEmitter {
  isPaused = false;
  pings = 0;

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  ping(): void {
    this.pings += 1;
  }
}

/** A conversation with someone who reads when told to, and whose requests are answered when told to. */
class Scene {
  readonly socket = new Socket();
  readonly metrics = new Metrics();
  readonly turn = new Turn(this.metrics);
  readonly started: string[] = [];
  closedWith: number | undefined;
  #calling: CallingSocket | undefined;
  readonly #waiting: ((output: unknown) => void)[] = [];
  #unread: Buffer[] = [];
  readonly #read: Buffer[] = [];
  readonly session = new Session(
    'session',
    user,
    'login',
    {
      write: chunks => void this.#unread.push(...chunks),
      unsentBytes: () => this.unread,
      close: code => {
        this.closedWith = code;
      },
    },
    this.turn,
    this.metrics,
  );
  readonly conversation = new Conversation(
    this.socket as unknown as WebSocket,
    this.session,
    { address: '192.0.2.1', expiresAt: new Date(Date.now() + aDayMs) },
    {
      hub: { adopt() {} } as unknown as Hub,
      dispatch: (op, _input, caller) => {
        this.started.push(op);
        if ('socket' in caller) this.#calling = caller.socket;
        return new Promise(resolve => this.#waiting.push(resolve));
      },
      metrics: this.metrics,
    },
  );

  ask(op: string, ref: number): void {
    this.socket.emit('message', Buffer.from(JSON.stringify({ ref, op, input: {} })), false);
  }

  /** The connection goes on with a token that lasts so long from now. */
  renew(lifetimeMs: number): void {
    this.ask('token.renew', 0);
    this.#calling?.renew({ user, login: 'login', expiresAt: new Date(Date.now() + lifetimeMs) });
  }

  get inFlight(): number {
    return this.#waiting.length;
  }

  /** Answers what was started first. */
  async answer(output: unknown = {}): Promise<void> {
    this.#waiting.shift()?.(output);
    await new Promise(setImmediate);
    this.turn.end();
  }

  get unread(): number {
    return this.#unread.reduce((bytes, chunk) => bytes + chunk.length, 0);
  }

  /** The network takes everything. */
  read(): void {
    this.#read.push(...this.#unread);
    this.#unread = [];
    this.conversation.proceed();
  }

  get answered(): unknown[] {
    return framesOf(Buffer.concat(this.#read)).map(text => (JSON.parse(text) as Answer).ref);
  }
}

const places = (count: number) => Array.from({ length: count }, (_, place) => place);

test('[abuse 40] whoever sends faster than is stored is not read beyond the requests that may be in flight', async () => {
  const scene = new Scene();
  for (const ref of places(limits.maxRequestsInFlight)) scene.ask('message.send', ref);
  assert.ok(!scene.socket.isPaused);
  // What was read before the socket was paused.
  for (const ref of places(10)) scene.ask('message.send', limits.maxRequestsInFlight + ref);
  assert.ok(scene.socket.isPaused);
  for (const _ of places(10)) {
    assert.equal(scene.inFlight, limits.maxRequestsInFlight);
    await scene.answer();
  }
  assert.equal(scene.started.length, limits.maxRequestsInFlight + 10);
  assert.ok(!scene.socket.isPaused);
});

test('[abuse 41b] large answers are made one after the other, each when the one before has been read', async () => {
  const scene = new Scene();
  const large = 'x'.repeat(limits.maxAnswerBytes);
  for (const ref of places(64)) scene.ask('message.history', ref);
  for (const ref of places(64)) {
    assert.deepEqual([scene.started.length, scene.inFlight], [ref + 1, 1]);
    await scene.answer(large);
    assert.equal(scene.inFlight, 0);
    assert.ok(scene.unread < limits.maxAnswerBytes + 1024);
    scene.read();
  }
  assert.deepEqual(scene.answered, places(64));
  assert.equal(scene.closedWith, undefined);
});

test('[abuse 41b] a small request waits behind a large answer only while too much is unread', async () => {
  const scene = new Scene();
  scene.ask('message.history', 1);
  scene.ask('message.send', 2);
  assert.deepEqual(scene.started, ['message.history', 'message.send']);
  await scene.answer('x'.repeat(limits.maxAnswerBytes));
  scene.ask('message.send', 3);
  assert.deepEqual([scene.started.length, scene.socket.isPaused], [2, true]);
  scene.read();
  assert.deepEqual([scene.started.length, scene.socket.isPaused], [3, false]);
});

test('[abuse 41b] answers are not held against a reader, whatever else is unread', async () => {
  const scene = new Scene();
  scene.ask('message.history', 1);
  scene.session.push(Buffer.alloc(limits.maxUnsentBytes - 1024));
  await scene.answer('x'.repeat(limits.maxAnswerBytes));
  assert.equal(scene.closedWith, undefined);
  scene.session.push(Buffer.alloc(1024));
  assert.equal(scene.closedWith, closeCodes.slowReader);
});

test('[abuse 11] what waits when the session is closed is not performed, and the close of the peer is read', async () => {
  const scene = new Scene();
  scene.ask('sync', 1);
  scene.ask('sync', 2);
  assert.ok(scene.socket.isPaused);
  scene.session.close(closeCodes.signedOut, 'signed out');
  await scene.answer();
  assert.deepEqual(scene.started, ['sync']);
  assert.ok(!scene.socket.isPaused);
});

test('[abuse 29] what waits behind the frame that is one too many is not performed', async () => {
  const scene = new Scene();
  for (const ref of [1, 2]) scene.ask('sync', ref);
  for (const _ of places(limits.maxMalformedPerMinute))
    scene.socket.emit('message', Buffer.from('{}'), false);
  scene.ask('ping', 3);
  await scene.answer();
  assert.equal(scene.closedWith, closeCodes.protocolAbuse);
  assert.deepEqual(scene.started, ['sync', 'sync']);
});

test('[SOCK-19] the end of a token is met between two heartbeats, and moves when it is renewed', context => {
  context.mock.timers.enable({ apis: ['Date', 'setInterval', 'setTimeout'] });
  const scene = new Scene();
  const pass = (heartbeats: number) => {
    context.mock.timers.tick(heartbeats * limits.heartbeatMs);
    scene.socket.emit('pong');
  };
  scene.renew(1.5 * limits.heartbeatMs);
  pass(1);
  scene.renew(3.5 * limits.heartbeatMs);
  for (const _ of places(3)) pass(1);
  pass(0.25);
  assert.equal(scene.closedWith, undefined);
  pass(0.25);
  assert.equal(scene.closedWith, closeCodes.tokenExpired);
});
