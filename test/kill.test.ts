/** A server that is killed, and the PostgreSQL it runs: what was acknowledged is there when it is back. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import type { Grant, Message, Room } from '../src/contract/objects.ts';
import { register, request, TestSocket } from './support/people.ts';
import { type ServerProcess, spawnServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

let dataDir: string;
let server: ServerProcess;
let ana: Grant;
let bruno: Grant;
let room: Room;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'papo-kill-'));
  // Started by root, PostgreSQL runs as another user, who has to get there.
  await chmod(dataDir, 0o755);
  server = await start();
  [ana, bruno] = await Promise.all([register(server.url, 'ana'), register(server.url, 'bruno')]);
  const { body } = await request<{ rooms: Room[] }>(server.url, 'GET', '/rooms', { token: ana.token });
  [room] = body.rooms as [Room];
});

after(async () => {
  await server.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
});

const start = () => spawnServer({ PAPO_DATA_DIR: dataDir });

/** Keeps sending, some at a time, until the connection breaks; answers with what was acknowledged, and what wasn't. */
async function sendUntilClosed(socket: TestSocket, prefix: string) {
  const acknowledged: Message[] = [];
  const undecided: { id: string; text: string }[] = [];
  let open = true;
  void socket.closed.then(() => {
    open = false;
  });
  const sender = async (who: number) => {
    for (let index = 0; open; index += 1) {
      const sending = { id: uuidv7(), text: `${prefix} ${who}/${index}` };
      try {
        acknowledged.push((await socket.call('message.send', { room: room.id, ...sending })).message);
      } catch {
        undecided.push(sending);
      }
    }
  };
  return {
    acknowledged,
    undecided,
    done: Promise.all([0, 1, 2, 3].map(sender)),
  };
}

type HistoryPage = { messages: Message[]; more: boolean };

async function everything(token: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (let more = true; more; ) {
    const page = await pageAfter(messages.at(-1)?.seq ?? 0, token);
    messages.push(...page.messages);
    ({ more } = page);
  }
  return messages;
}

/** A read may find a database that has only just come back: it is told so, and asks again as any client would. */
async function pageAfter(seq: number, token: string): Promise<HistoryPage> {
  const path = `/rooms/${room.id}/messages?limit=100&after=${seq}`;
  let page: HistoryPage | undefined;
  await eventually('the history can be read', async () => {
    const { status, body } = await request<HistoryPage>(server.url, 'GET', path, { token });
    if (status === 503) return false;
    assert.equal(status, 200, JSON.stringify(body));
    page = body;
    return true;
  });
  assert.ok(page);
  return page;
}

function assertKept(stored: readonly Message[], acknowledged: readonly Message[]): void {
  assert.deepEqual(
    stored.map(message => message.seq),
    stored.map((_, index) => index + 1),
    'no place is empty, and none is taken twice',
  );
  assert.equal(new Set(stored.map(message => message.id)).size, stored.length, 'no message twice');
  const bySeq = new Map(stored.map(message => [message.seq, message]));
  for (const message of acknowledged) assert.deepEqual(bySeq.get(message.seq), message);
}

test('[G1] what was acknowledged before a kill -9 of the server and its PostgreSQL is there after the restart', async () => {
  const socket = await TestSocket.live(server.url, ana.token);
  const sending = await sendUntilClosed(socket, 'before the crash');
  await socket.until(() => sending.acknowledged.length > 200);
  const postmaster = await postmasterPid();
  server.process.kill('SIGKILL');
  process.kill(postmaster, 'SIGKILL');
  await server.end('SIGKILL');
  await sending.done;

  server = await start();
  assertKept(await everything(ana.token), sending.acknowledged);
});

test('[G1] [G4] after a kill -9 of the server alone, sending again what was undecided makes each message once', async () => {
  const socket = await TestSocket.live(server.url, ana.token);
  const sending = await sendUntilClosed(socket, 'once more');
  await socket.until(() => sending.acknowledged.length > 100);
  await server.end('SIGKILL');
  await sending.done;
  assert.ok(sending.undecided.length > 0, 'something was on its way');

  server = await start();
  const back = await TestSocket.live(server.url, ana.token);
  const resent: Message[] = [];
  for (const { id, text } of sending.undecided) {
    resent.push((await back.call('message.send', { room: room.id, id, text })).message);
  }
  const stored = await everything(ana.token);
  assertKept(stored, [...sending.acknowledged, ...resent]);
  const texts = stored.map(message => message.text).filter(text => text.startsWith('once more'));
  assert.equal(texts.length, sending.acknowledged.length + sending.undecided.length);
  await back.close();
});

test('[G5] [G6] a reader who was there before the kill resumes after it without a hole or an overlap', async () => {
  const [talker, reader] = await Promise.all([
    TestSocket.live(server.url, ana.token),
    TestSocket.live(server.url, bruno.token),
  ]);
  const sending = await sendUntilClosed(talker, 'over the crash');
  await reader.until(() => reader.changes(room.id).length > 50);
  await server.end('SIGKILL');
  await Promise.all([sending.done, reader.closed]);
  const seen = reader.changes(room.id);
  const log = reader.hello?.log;

  server = await start();
  const back = await TestSocket.open(server.url, bruno.token);
  const version = seen.at(-1)?.version ?? 0;
  const { rooms } = await back.call('sync', { log, rooms: { [room.id]: version } });
  const part = rooms.find(synced => synced.room.id === room.id);
  assert.ok(part && !part.reset);
  const texts = [...seen, ...(part.delta === undefined ? [] : [part.delta])].flatMap(
    change => change.messages ?? [],
  );
  const stored = await everything(bruno.token);
  const first = texts[0]?.seq ?? 0;
  assert.deepEqual(texts, stored.slice(first - 1));
  await back.close();
});

test('[G1] a kill -9 of PostgreSQL under a running server loses nothing: senders get their acknowledgement a little later', async () => {
  const [talker, reader] = await Promise.all([
    TestSocket.live(server.url, ana.token),
    TestSocket.live(server.url, bruno.token),
  ]);
  const send = async (text: string) =>
    (await talker.call('message.send', { room: room.id, id: uuidv7(), text })).message;
  const acknowledged: Message[] = [await send('before')];
  process.kill(await postmasterPid(), 'SIGKILL');
  acknowledged.push(
    ...(await Promise.all(Array.from({ length: 20 }, (_, index) => send(`while it is away ${index}`)))),
  );
  acknowledged.push(await send('after'));
  await reader.until(() => reader.texts(room.id).includes('after'));
  assert.deepEqual(
    reader.changes(room.id).flatMap(change => change.messages ?? []),
    acknowledged,
  );
  assertKept(await everything(ana.token), acknowledged);
  await Promise.all([talker.close(), reader.close()]);
});

test('SIGTERM ends everything in good order: sockets with 1012, PostgreSQL too, exit code 0', async () => {
  const socket = await TestSocket.live(server.url, ana.token);
  const postmaster = await postmasterPid();
  const code = await server.end('SIGTERM');
  assert.equal(code, 0, server.output.join('\n'));
  assert.equal((await socket.closed).code, 1012);
  assert.throws(() => process.kill(postmaster, 0), { code: 'ESRCH' });
  server = await start();
});

async function postmasterPid(): Promise<number> {
  const file = await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8');
  return Number(file.split('\n')[0]);
}
