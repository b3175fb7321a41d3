/** Row 42 of abuse.md: who comes and goes without end. The server runs in this process, so that what it keeps can be counted. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { test } from 'node:test';
import { queryObjects } from 'node:v8';
import { WebSocket } from 'ws';
import type { Room } from '../src/contract/objects.ts';
import { Conversation } from '../src/server/doors/conversation.ts';
import { RoomFeed } from '../src/server/live/room-feed.ts';
import { Session } from '../src/server/live/session.ts';
import { attackedServer, type Person } from './support/abuse.ts';
import { handshakeBytes } from './support/abuse-wire.ts';
import { ask } from './support/bare-socket.ts';
import { eventually } from './support/waiting.ts';

const server = attackedServer({ PAPO_METRICS_ADDR: '127.0.0.1:0' }, 'this process');

const rounds = 30;
/** Connections that HTTP clients and the pool of the database keep for the next time. */
const kept = 15;
const openFiles = '/proc/self/fd';

/** Everything that comes with a connection, as it is after garbage is collected. */
async function whatIsKept(): Promise<Record<string, number>> {
  await eventually('everyone is gone', async () => (await server.metrics()).get('papo_connections') === 1);
  const count = (of: unknown) => queryObjects(of as typeof Session, { format: 'count' });
  return {
    sessions: count(Session),
    conversations: count(Conversation),
    feeds: count(RoomFeed),
    webSockets: count(WebSocket),
    sockets: count(Socket),
    resources: process.getActiveResourcesInfo().length,
    ...(existsSync(openFiles) && { descriptors: readdirSync(openFiles).length }),
  };
}

/** Comes, goes into a room and out, and goes: in good order, without a word, or in the middle of coming. */
async function comeAndGo({ token }: Person, room: string, round: number): Promise<void> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, ['papo.v1', `bearer.${token}`]);
  await once(socket, 'open');
  await ask(socket, 'sync', {});
  await ask(socket, 'room.join', { room });
  if (round % 2 === 0) await ask(socket, 'room.leave', { room });
  const closed = once(socket, 'close');
  if (round % 3 === 0) socket.terminate();
  else socket.close();
  await closed;

  const half = connect(Number(new URL(server.url).port), '127.0.0.1');
  const handshake = handshakeBytes(server.url, { headers: [['Authorization', `Bearer ${token}`]] });
  half.write(round % 2 === 0 ? handshake : handshake.slice(0, -2));
  if (round % 4 === 0) await once(half, 'data');
  else await once(half, 'connect');
  half.destroy();
}

async function churn(people: readonly Person[], rooms: readonly string[]): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(
      people.map((person, index) => comeAndGo(person, rooms[(round + index) % rooms.length] ?? '', round)),
    );
  }
}

test('[abuse 42] of those who came and went nothing is kept, however many they were', async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => server.register()));
  const [owner] = people as [Person];
  const rooms: string[] = [];
  for (const name of ['one', 'two', 'three']) {
    rooms.push((await server.post<{ room: Room }>('/rooms', { name }, owner)).body.room.id);
  }
  await churn(people, rooms);
  const first = await whatIsKept();
  await churn(people, rooms);
  // What the last ones left goes when the system says that they are gone.
  let grown: string[] = ['not looked at'];
  await eventually('no more is kept than before', async () => {
    const second = Object.entries(await whatIsKept());
    const isMore = ([what, count]: [string, number]) => count - (first[what] ?? 0) > kept;
    grown = second.filter(isMore).map(([what, count]) => `${what}: ${first[what]}, then ${count}`);
    return grown.length === 0;
  }).catch(() => {});
  assert.deepEqual(grown, []);
  assert.ok((first['feeds'] ?? 0) >= rooms.length, 'what is counted is there');
  assert.ok((first['sessions'] ?? 0) >= 1, 'what is counted is there');
});
