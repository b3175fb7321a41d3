/** Row 39 of abuse.md and what stands next to it: who sends, asks or connects more often than anyone needs to. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { closeCodes } from '../src/contract/codes.ts';
import { limits, rates } from '../src/contract/limits.ts';
import type { Message } from '../src/contract/objects.ts';
import { attackedServer, type Person, present } from './support/abuse.ts';
import { type RawSocket, requestFrame, type ServerText } from './support/abuse-wire.ts';
import { eventually } from './support/waiting.ts';

/** The clock that rates go by stands still, unless a test moves it: a slow machine would else be told to wait less often. */
let nowMs = 0;
const server = attackedServer({ PAPO_RATE_LIMITS: 'on' }, 'this process', { now: () => nowMs });

const times = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => make(at));

type Sent = { id: string; text: string };
type Outcome = Sent & {
  message: Message | undefined;
  error: ServerText['error'] & { retryAfterMs?: number };
};

const newMessages = (count: number): Sent[] =>
  times(count, at => ({ id: randomUUID(), text: `${at} ${randomUUID()}` }));

/** Asks all at once; the answers in the order of the questions. */
async function askAll(socket: RawSocket, op: string, inputs: readonly object[]): Promise<ServerText[]> {
  const round = randomUUID();
  socket.write(...inputs.map((input, at) => requestFrame(`${round} ${at}`, op, input)));
  const answers = await socket.connection.until('all answers', () => {
    // Looking at the text first, since parsing all of it after each packet would take long.
    if (socket.connection.received.toString('latin1').split(round).length <= inputs.length) return;
    const found = socket.texts.filter(({ ref }) => String(ref).startsWith(round));
    return found.length === inputs.length && found;
  });
  const byRef = new Map(answers.map(answer => [answer.ref, answer]));
  return inputs.map((_, at) => present(byRef.get(`${round} ${at}`)));
}

/** Sends all at once; what became of each. */
async function sendAll(socket: RawSocket, messages: readonly Sent[]): Promise<Outcome[]> {
  const room = server.general;
  const answers = await askAll(
    socket,
    'message.send',
    messages.map(({ id, text }) => ({ room, id, text })),
  );
  return messages.map((sent, at) => {
    const { output, error } = present(answers[at]);
    const { message } = (output ?? {}) as { message?: Message };
    if (message !== undefined) server.acknowledged(room, message);
    return { ...sent, message, error: error as Outcome['error'] };
  });
}

async function storedOf({ user }: Person): Promise<number> {
  const rows = await server.query('select from messages where sender_id = $1', [user.id]);
  return rows.length;
}

test('[abuse 39] of 1,000 messages at once the burst is stored, then what the rate allows; the rest is told when', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  const { perMinute, burst } = rates.messages;
  const seconds = 2;
  for (const [passedMs, allowed] of [
    [0, burst],
    [seconds * 1_000, (seconds * perMinute) / 60],
  ] as const) {
    nowMs += passedMs;
    const outcomes = await sendAll(socket, newMessages(1_000));
    const [stored, refused] = [outcomes.slice(0, allowed), outcomes.slice(allowed)];
    for (const { message } of stored) assert.ok(message !== undefined);
    for (const { error } of refused) {
      const { code, retryable, retryAfterMs } = error;
      assert.deepEqual([code, retryable, retryAfterMs], ['rate_limited', true, 60_000 / perMinute]);
    }
  }
  assert.equal(await storedOf(person), burst + (seconds * perMinute) / 60);
});

test('[abuse 39] while over the rate, a message that is stored is answered as before, with the same message', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  const stored = await sendAll(socket, newMessages(rates.messages.burst));
  const [refused] = await sendAll(socket, newMessages(1));
  assert.equal(refused?.error.code, 'rate_limited');
  const resent = await sendAll(socket, stored);
  assert.deepEqual(
    resent.map(({ message }) => message),
    stored.map(({ message }) => message),
  );
  const conflicting = await sendAll(
    socket,
    stored.map(sent => ({ ...sent, text: 'other' })),
  );
  assert.deepEqual(new Set(conflicting.map(({ error }) => error.code)), new Set(['id_conflict']));
});

test('[abuse 39] what was refused for the rate is stored when it is sent again, once', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  let waiting = newMessages(60);
  let rounds = 0;
  const seen: number[] = [];
  while (waiting.length > 0) {
    const outcomes = await sendAll(socket, waiting);
    seen.push(...outcomes.flatMap(({ message }) => message?.seq ?? []));
    waiting = outcomes.filter(({ message }) => message === undefined);
    rounds += 1;
    nowMs += 500;
  }
  assert.equal(rounds, 3);
  assert.deepEqual([seen.length, new Set(seen).size, await storedOf(person)], [60, 60, 60]);
});

test('[abuse 39] the rate is the user’s: other connections and HTTP share it, others have their own', async () => {
  const [person, other] = [await server.register(), await server.register()];
  const sockets = [await server.connect(person), await server.connect(person)];
  const outcomes = (await Promise.all(sockets.map(socket => sendAll(socket, newMessages(200))))).flat();
  const overHttp = await Promise.all(times(10, at => server.send(server.general, `over HTTP ${at}`, person)));
  assert.equal(outcomes.filter(({ message }) => message !== undefined).length, rates.messages.burst);
  for (const { status, headers } of overHttp) {
    assert.deepEqual([status, headers.get('retry-after')], [429, '1']);
  }
  for (const text of times(rates.messages.burst, String)) {
    assert.equal((await server.send(server.general, text, other)).status, 201);
  }
});

test('[abuse 39] making rooms and asking for whatever it is have rates as well', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  const refusedOf = async (op: string, inputs: object[]) => {
    const codes = (await askAll(socket, op, inputs)).map(({ error }) => error?.code);
    assert.deepEqual(new Set(codes), new Set([undefined, 'rate_limited']));
    return codes.filter(code => code === 'rate_limited').length;
  };
  const { burst } = rates.roomChanges;
  const refused = await refusedOf(
    'room.create',
    times(burst + 150, () => ({ name: 'mine', kind: 'private' })),
  );
  assert.equal(refused, 150);
  const rooms = await server.query("select from members where user_id = $1 and role = 'owner'", [
    person.user.id,
  ]);
  assert.equal(rooms.length, burst);
  // The rooms were requests as well.
  const pings = times(rates.requests.burst, () => ({}));
  assert.equal(await refusedOf('ping', pings), burst);
});

test('[abuse 39] a twenty-first connection of a user is closed with 4004, and one that goes makes room', async () => {
  const [person, other] = [await server.register(), await server.register()];
  const sockets = await Promise.all(times(limits.maxConnectionsPerUser, () => server.connect(person)));
  const headers = [['Authorization', `Bearer ${person.token}`]] as const;
  for (const _ of times(3, String)) {
    const early = [requestFrame(1, 'message.send', { room: server.general, id: randomUUID(), text: 'x' })];
    const socket = await server.handshake({ headers, early });
    assert.equal(await socket.closed(), closeCodes.tooManyConnections);
    assert.deepEqual(socket.texts, []);
  }
  assert.equal(await storedOf(person), 0);
  for (const socket of sockets) assert.ok((await socket.call('still', 'ping')).output);
  await server.connect(other);
  present(sockets[0]).write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
  await present(sockets[0]).connection.rest();
  // The server may hear later than its client that a connection is gone.
  await eventually('there is room for another one', () => server.connect(person).catch(() => undefined));
});

test('[abuse 39] of thirty connections at once twenty stay', async () => {
  const person = await server.register();
  const headers = [['Authorization', `Bearer ${person.token}`]] as const;
  const sockets = await Promise.all(times(30, () => server.handshake({ headers })));
  const greeted = await Promise.all(
    sockets.map(socket => socket.connection.until('hello or the end', () => socket.frames[0]?.opcode)),
  );
  assert.equal(greeted.filter(opcode => opcode === 1).length, limits.maxConnectionsPerUser);
});

test('[abuse 39] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
