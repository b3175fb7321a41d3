/** Row 41 of abuse.md: a room in which hundreds stop reading. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import { WebSocket } from 'ws';
import { closeCodes } from '../src/contract/codes.ts';
import { limits } from '../src/contract/limits.ts';
import type { Delta } from '../src/contract/objects.ts';
import { attackedServer, present } from './support/abuse.ts';
import { ask } from './support/bare-socket.ts';
import { crowd, roomOf, type Someone } from './support/crowd.ts';
import { TestSocket } from './support/people.ts';
import { eventually } from './support/waiting.ts';

const server = attackedServer({ PAPO_METRICS_ADDR: '127.0.0.1:0' });

const readers = 200;
/** Much more than the system keeps for sockets that nobody reads. */
const maxMessages = 1_000;
const text = 'x'.repeat(limits.maxTextBytes);

/** Someone who keeps of what comes only how far it goes. */
class Reader {
  readonly someone: Someone;
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  version: number;

  constructor(someone: Someone, version: number) {
    this.someone = someone;
    this.version = version;
    this.socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, [
      'papo.v1',
      `bearer.${someone.token}`,
    ]);
    this.socket.on('error', () => {});
    this.socket.on('message', (frame: Buffer) => {
      const head = frame.toString('latin1', 0, 200);
      const [, from, upTo] = /"event":"change".*?"from":(\d+),"version":(\d+)/.exec(head) ?? [];
      if (from !== undefined) this.advance(Number(from), Number(upTo));
    });
    this.closed = once(this.socket, 'close').then(([code]) => code);
  }

  /** Nothing is missing between what was held and what comes, and nothing comes twice. */
  advance(from: number, version: number): void {
    assert.equal(from, this.version + 1);
    this.version = version;
  }

  /** Asks to be told of everything from here on; what comes isn't read. */
  async standStill(): Promise<void> {
    await once(this.socket, 'open');
    await ask(this.socket, 'sync', { history: 0 });
    this.socket.pause();
  }

  /** Reads what was missed, page by page. */
  async catchUp(room: string): Promise<void> {
    for (let more = true; more; ) {
      const path = `/rooms/${room}/changes?after=${this.version}&limit=500`;
      const { body } = await server.get<{ delta: Delta; more: boolean }>(path, this.someone);
      ({ more } = body);
      this.advance(body.delta.from, body.delta.version);
      assert.equal(body.delta.messages?.length, body.delta.version - body.delta.from + 1);
    }
  }
}

test('[abuse 41] two hundred who stop reading a busy room are cut off at 1 MiB each, and resume without a gap', async () => {
  const [one, ...members] = await crowd(server, readers + 1);
  const talker = present(one);
  const room = await roomOf(server, [talker, ...members]);
  const talking = await TestSocket.live(server.url, talker.token);
  const say = async (what: string) =>
    (await talking.call('message.send', { room, id: uuidv7(), text: what })).message;
  const before = await server.metrics();
  const unread = members.map(member => new Reader(member, members.length + 1));
  await Promise.all(unread.map(reader => reader.standStill()));

  let mostUnsent = 0;
  let cut = 0;
  for (let sent = 0; cut < readers && sent < maxMessages; sent += 1) {
    await say(text);
    const numbers = await server.metrics();
    mostUnsent = Math.max(mostUnsent, numbers.get('papo_buffered_bytes') ?? 0);
    cut = numbers.get('papo_slow_readers_total') ?? 0;
  }
  assert.equal(cut, readers);
  const most = readers * limits.maxUnsentBytes;
  // Of many at once: not all are cut off by the same message.
  assert.ok(mostUnsent > 10 * limits.maxUnsentBytes && mostUnsent <= most, `${mostUnsent} bytes unsent`);

  for (const { socket } of unread) socket.resume();
  const codes = await Promise.all(unread.map(({ closed }) => closed));
  // The close frame is lost where the connection had to be cut.
  assert.ok(codes.every(code => code === closeCodes.slowReader || code === 1006));
  await eventually('nothing is kept for them', async () => {
    const numbers = await server.metrics();
    return (
      numbers.get('papo_buffered_bytes') === 0 &&
      numbers.get('papo_connections') === before.get('papo_connections')
    );
  });
  const grown = (await server.metrics()).get('process_resident_memory_bytes') ?? Number.NaN;
  assert.ok(grown - (before.get('process_resident_memory_bytes') ?? 0) < most);

  const { version } = await say('is anyone still reading?');
  for (const reader of unread) {
    assert.ok(reader.version > members.length && reader.version < version);
    await reader.catchUp(room);
    assert.equal(reader.version, version);
  }
  const back = await Promise.all(members.map(({ token }) => TestSocket.open(server.url, token)));
  const { log = '' } = present(back[0]).hello ?? {};
  for (const socket of back) {
    const { rooms } = await socket.call('sync', { log, rooms: { [room]: version } });
    assert.deepEqual(
      rooms.map(({ reset, room: { version: head } }) => [reset, head]),
      [[false, version]],
    );
  }
  const last = await say('all of us');
  for (const socket of back) {
    await socket.until(() => socket.texts(room).length > 0, 'the next message');
    assert.deepEqual(
      socket.changes(room).map(({ from, messages }) => [from, messages]),
      [[version + 1, [last]]],
    );
    await socket.close();
  }
  await talking.close();
});

test('[abuse 41] stops in good order afterwards, and its log tells no token', async () => {
  await server.requireDiscreetLog();
});
