/** Row 39 of abuse.md and what stands next to it: who sends, asks or connects more often than anyone needs to. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { closeCodes } from '../src/contract/codes.ts';
import { limits, rates } from '../src/contract/limits.ts';
import type { Message } from '../src/contract/objects.ts';
import { attackedServer, type Person, present } from './support/abuse.ts';
import { type RawSocket, requestFrame, type ServerText } from './support/abuse-wire.ts';

const server = attackedServer({ PAPO_RATE_LIMITS: 'on' });

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

test('[abuse 39] of 1,000 messages at once the burst is stored, and what the rate allows; the rest is told when', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  const start = performance.now();
  const outcomes = await sendAll(socket, newMessages(1_000));
  const { perMinute, burst } = rates.messages;
  const refilled = Math.ceil(((performance.now() - start) / 60_000) * perMinute);
  const stored = outcomes.filter(({ message }) => message !== undefined);
  assert.ok(stored.length >= burst && stored.length <= burst + refilled, `${stored.length} stored`);
  assert.equal(await storedOf(person), stored.length);
  for (const { error, message } of outcomes) {
    if (message !== undefined) continue;
    assert.deepEqual([error.code, error.retryable], ['rate_limited', true]);
    const waitMs = error.retryAfterMs ?? 0;
    assert.ok(waitMs > 0 && waitMs <= 60_000 / perMinute, String(waitMs));
  }
});

test('[abuse 39] while over the rate, a message that is stored is answered as before, with the same message', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  const messages = newMessages(400);
  const first = await sendAll(socket, messages);
  const stored = first.filter(({ message }) => message !== undefined);
  // In front of each resend enough others to be over the rate.
  const again = await sendAll(socket, [
    ...newMessages(400),
    ...stored,
    ...stored.map(sent => ({ ...sent, text: 'other' })),
  ]);
  assert.equal(again.slice(390, 400).filter(({ error }) => error?.code === 'rate_limited').length > 0, true);
  const resent = again.slice(400, 400 + stored.length);
  assert.deepEqual(
    resent.map(({ message }) => message),
    stored.map(({ message }) => message),
  );
  const conflicting = again.slice(400 + stored.length);
  assert.deepEqual(new Set(conflicting.map(({ error }) => error?.code)), new Set(['id_conflict']));
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
  }
  assert.ok(rounds > 1);
  assert.deepEqual([seen.length, new Set(seen).size, await storedOf(person)], [60, 60, 60]);
});

test('[abuse 39] the rate is the user’s: other connections and HTTP share it, others have their own', async () => {
  const [person, other] = [await server.register(), await server.register()];
  const sockets = [await server.connect(person), await server.connect(person)];
  const outcomes = (await Promise.all(sockets.map(socket => sendAll(socket, newMessages(200))))).flat();
  const overHttp = await Promise.all(times(40, at => server.send(server.general, `over HTTP ${at}`, person)));
  assert.ok(outcomes.filter(({ message }) => message !== undefined).length < 2 * rates.messages.burst);
  const refused = overHttp.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0);
  for (const { headers } of refused) assert.equal(headers.get('retry-after'), '1');
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
  const attempts = rates.roomChanges.burst + 150;
  const refused = await refusedOf(
    'room.create',
    times(attempts, () => ({ name: 'mine', kind: 'private' })),
  );
  const rooms = await server.query("select from members where user_id = $1 and role = 'owner'", [
    person.user.id,
  ]);
  assert.equal(rooms.length, attempts - refused);
  await refusedOf(
    'ping',
    times(rates.requests.burst + 1_400, () => ({})),
  );
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
  await server.connect(person);
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
