/**
 * Beside row 25 of abuse.md: clients that are gone in the middle of something. The server runs in this process, so that
 * it can be seen what it still holds of them.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Session } from '../src/server/live/session.ts';
import { attackedServer } from './support/abuse.ts';
import { requestFrame } from './support/abuse-wire.ts';
import { eventually } from './support/waiting.ts';

const server = attackedServer({}, 'this process');

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Every session that has ended. */
const ended: WeakRef<Session>[] = [];
const { ended: end } = Session.prototype;
Session.prototype.ended = function (): void {
  ended.push(new WeakRef(this));
  end.call(this);
};

afterEach(() => ended.splice(0));

function areForgotten(): boolean {
  collectGarbage();
  return ended.every(session => session.deref() === undefined);
}

const inTheMiddle = {
  'their first second': [],
  'a sync': [requestFrame(1, 'sync')],
  'a sync that names rooms': [requestFrame(1, 'sync', { rooms: { [randomUUID()]: 0 } })],
  'a sync, and another one': [requestFrame(1, 'sync'), requestFrame(2, 'sync')],
  'making a room': [requestFrame(1, 'sync'), requestFrame(2, 'room.create', { name: 'x', kind: 'private' })],
};

for (const [what, frames] of Object.entries(inTheMiddle)) {
  test(`[abuse 25] clients that are gone in the middle of ${what} are forgotten`, async () => {
    const person = await server.register();
    const clients = 20;
    for (let count = 0; count < clients; count += 1) {
      const socket = await server.connect(person);
      if (frames.length > 0) socket.write(...frames);
      // Sent, and no answer awaited: the server reads both the request and the end of the connection.
      await new Promise(resolve => socket.connection.socket.write('', resolve));
      socket.cut();
    }
    await eventually('all of them have ended', () => ended.length === clients);
    await eventually('they are forgotten', areForgotten);
    assert.equal(ended.length, clients);
  });
}
