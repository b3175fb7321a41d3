import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Delta, Member, Message } from '../src/contract/objects.ts';
import { Replica } from '../src/sdk/replica.ts';
import { anew, change, current, FakeChat, member, message, room } from './support/fake-chat.ts';
import { settle } from './support/fake-clock.ts';
import { ana, bruno } from './support/fake-socket.ts';

const empty = room('general');
const at = (version: number) => room('general', { version, lastSeq: version });
const seqs = (chat: FakeChat) => chat.client.rooms.get('general')?.messages.map(({ seq }) => seq);
const versionOf = (chat: FakeChat) => chat.client.rooms.get('general')?.version;
const delta = (...messages: Message[]) => change('general', ...messages);

test('[G5] [CLIENT-1] a Delta that joins is applied, one that is held already is ignored', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  await socket.receive(
    delta(message(1)),
    delta(message(2)),
    delta(message(1)),
    delta(message(1), message(2)),
  );
  assert.deepEqual(seqs(chat), [1, 2]);
  assert.deepEqual(chat.toldOf('change'), ['change general 1–1', 'change general 2–2']);
});

test('[G5] a Delta that overlaps is applied, and only what was news is told', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  const told: number[] = [];
  chat.client.on('change', event => told.push(...(event.delta.messages ?? []).map(({ seq }) => seq)));
  await socket.receive(delta(message(1), message(2)), delta(message(2), message(3)));
  assert.deepEqual(told, [1, 2, 3]);
  assert.deepEqual(chat.toldOf('change'), ['change general 1–2', 'change general 3–3']);
});

test('[CLIENT-2] of two rows of one message the one with the higher version wins, whichever comes last', () => {
  const replica = new Replica(empty);
  replica.apply({
    room: 'general',
    from: 1,
    version: 5,
    messages: [message(1, { version: 5, text: 'new' })],
  });
  replica.addPage([message(1, { version: 1, text: 'old' })]);
  assert.equal(replica.messages[0]?.text, 'new');
  replica.apply({
    room: 'general',
    from: 6,
    version: 6,
    messages: [message(1, { version: 6, text: 'newer' })],
  });
  assert.deepEqual(
    replica.messages.map(({ text }) => text),
    ['newer'],
  );
});

test('[CLIENT-2] of two rows of one member the one with the higher version wins', () => {
  const replica = new Replica(empty);
  replica.apply({ room: 'general', from: 1, version: 5, members: [member(bruno, 5, { in: false })] });
  replica.apply({ room: 'general', from: 4, version: 6, members: [member(bruno, 4), member(ana, 6)] });
  assert.equal(replica.members.get(bruno.id)?.in, false);
  assert.equal(replica.members.get(ana.id)?.in, true);
});

test('a Delta moves the number of members and the last seq of the room', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  await socket.receive({ ...delta(message(1)), memberCount: 7 }, delta(message(2)));
  const { memberCount, lastSeq, version } = chat.client.rooms.get('general')?.info ?? room('none');
  assert.deepEqual({ memberCount, lastSeq, version }, { memberCount: 7, lastSeq: 2, version: 2 });
});

test('[G5] [CLIENT-1] a gap is read by room.changes, page after page, until it is closed', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  await socket.receive(delta(message(1)), delta(message(5)));
  assert.deepEqual(socket.inputs('room.changes'), [{ room: 'general', after: 1 }]);
  assert.deepEqual(seqs(chat), [1]);
  await socket.answer('room.changes', { delta: delta(message(2), message(3)), more: true });
  assert.deepEqual(socket.inputs('room.changes'), [{ room: 'general', after: 3 }]);
  await socket.answer('room.changes', { delta: delta(message(4), message(5)), more: false });
  assert.deepEqual(seqs(chat), [1, 2, 3, 4, 5]);
  await socket.receive(delta(message(6)));
  assert.deepEqual(socket.inputs('room.changes'), []);
  assert.equal(versionOf(chat), 6);
});

test('[G5] one repair of a room at a time, and what came meanwhile is read too, although nothing follows it', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  await socket.receive(delta(message(3)));
  await socket.receive(delta(message(4)), delta(message(5)));
  assert.equal(socket.inputs('room.changes').length, 1);
  // Read before 5 was there.
  await socket.answer('room.changes', { delta: delta(message(1), message(4)), more: false });
  assert.deepEqual(socket.inputs('room.changes'), [{ room: 'general', after: 4 }]);
  await socket.answer('room.changes', { delta: delta(message(5)), more: false });
  assert.equal(versionOf(chat), 5);
});

test('[G5] a gap that room.changes does not close costs the connection, not the changes', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  await socket.receive(delta(message(5)));
  await socket.answer('room.changes', { delta: { room: 'general', from: 1, version: 0 }, more: false });
  assert.equal(chat.client.state.name, 'waiting');
  assert.ok(socket.closed);
});

test('[G5] a repair that is refused costs the connection, unless the room is no longer open', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  await socket.receive(delta(message(5)));
  await socket.refuse('room.changes', { code: 'not_found', retryable: false });
  assert.equal(chat.client.state.name, 'live');
  await socket.receive(delta(message(6)));
  await socket.refuse('room.changes', { code: 'internal', retryable: true, message: 'ã'.repeat(200) });
  assert.equal(chat.client.state.name, 'waiting');
});

test('[G6] after a reconnect, sync names the version of every room, and its Deltas are told as changes', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(at(10), room('random', { version: 7 })));
  await chat.socket.receive(delta(message(11)));
  await chat.socket.drop();
  await chat.wait();
  const socket = await chat.greet();
  assert.deepEqual(socket.inputs('sync'), [{ log: 'log-1', rooms: { general: 11, random: 7 } }]);
  await socket.answer('sync', {
    rooms: [
      { room: at(13), reset: false, delta: delta(message(12), message(13)) },
      { room: room('random', { version: 7 }), reset: false },
    ],
    left: [],
  });
  assert.deepEqual(seqs(chat), [11, 12, 13]);
  assert.deepEqual(chat.told.slice(-3), ['state syncing', 'change general 12–13', 'state live']);
});

test('[G6] [CLIENT-3] the answer to a send does not move the version', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  const one = chat.client.send('general', 'one');
  await socket.answer('message.send', { message: message(3, { id: 'id-1' }) });
  assert.equal(one.state, 'sent');
  assert.equal(versionOf(chat), 0);
});

test('[G6] [CLIENT-5] a reset drops what was held', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  await socket.receive({ ...delta(message(1), message(2)), members: [member(bruno, 1)] });
  await chat.reconnect({
    rooms: [{ room: at(900), reset: true, messages: [message(899), message(900)] }],
    left: [],
  });
  const replica = chat.client.rooms.get('general');
  assert.deepEqual(seqs(chat), [899, 900]);
  assert.equal(replica?.version, 900);
  assert.equal(replica?.completeFrom, 899);
  assert.equal(replica?.members.size, 0);
  assert.deepEqual(chat.toldOf('reset'), ['reset general', 'reset general']);
});

test('[G6] [CLIENT-6] another log: the old one is named with the versions, so that the server answers with resets', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(at(10)));
  await chat.socket.drop();
  await chat.wait();
  const second = await chat.greet({ log: 'log-2' });
  assert.deepEqual(second.inputs('sync'), [{ log: 'log-1', rooms: { general: 10 } }]);
  await second.answer('sync', anew(at(4)));
  assert.equal(versionOf(chat), 4);
  await second.drop();
  await chat.wait();
  const third = await chat.greet({ log: 'log-2' });
  assert.deepEqual(third.inputs('sync'), [{ log: 'log-2', rooms: { general: 4 } }]);
});

test('[G6] [CLIENT-4] events that arrive together with the answer to sync follow it', async () => {
  const chat = new FakeChat();
  void chat.client.connect();
  const socket = await chat.greet();
  const answer = socket.answerTo('sync', anew(at(5)));
  await socket.receive(answer, delta(message(6)), { event: 'joined', room: room('random') });
  assert.equal(versionOf(chat), 6);
  assert.equal(chat.client.rooms.size, 2);
  assert.deepEqual(socket.unanswered, []);
});

test('[G6] [CLIENT-4] events that arrive before the answer to sync are not lost', async () => {
  const chat = new FakeChat();
  void chat.client.connect();
  const socket = await chat.greet();
  await socket.receive(delta(message(6)));
  assert.equal(chat.client.rooms.size, 0);
  await socket.answer('sync', anew(at(5)));
  assert.equal(versionOf(chat), 6);
});

test('[G9] who left while away is told so, named in the answer or not', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(empty, room('random'), room('old')));
  await chat.reconnect({ rooms: [{ room: empty, reset: false }], left: ['random'] });
  assert.deepEqual([...chat.client.rooms.keys()], ['general']);
  assert.deepEqual(chat.toldOf('left'), ['left random', 'left old']);
});

test('[G9] left ends a room: later Deltas of it are ignored', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(empty));
  await socket.receive({ event: 'left', room: 'general' }, delta(message(1)), {
    event: 'left',
    room: 'unknown',
  });
  assert.equal(chat.client.rooms.size, 0);
  assert.deepEqual(chat.toldOf('left'), ['left general']);
  assert.deepEqual(socket.unanswered, []);
});

test('[G9] joined begins a room, live from its version on', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew());
  await socket.receive({ event: 'joined', room: at(40) }, delta(message(41)));
  assert.deepEqual(seqs(chat), [41]);
  assert.equal(chat.client.rooms.get('general')?.completeFrom, 41);
  assert.deepEqual(socket.unanswered, []);
});

for (const order of ['before', 'after']) {
  test(`the page of room.join is in the replica, when it comes ${order} joined`, async () => {
    const chat = new FakeChat();
    const socket = await chat.connect(anew());
    const call = chat.client.call('room.join', { room: 'general' });
    await settle();
    const answer = socket.answerTo('room.join', { room: at(3), messages: [message(2), message(3)] });
    const joined = { event: 'joined', room: at(3) };
    for (const frame of order === 'before' ? [answer, joined] : [joined, answer]) await socket.receive(frame);
    await call;
    await socket.receive(delta(message(4)));
    assert.deepEqual(seqs(chat), [2, 3, 4]);
  });
}

test('a page of history joins the messages that are held; one that does not join stays out', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(at(100)));
  for (const page of [
    [message(50), message(51)],
    [message(99), message(100)],
  ]) {
    const call = chat.client.call('message.history', { room: 'general' });
    await settle();
    await socket.answer('message.history', { messages: page, more: true });
    await call;
  }
  assert.deepEqual(seqs(chat), [99, 100]);
  assert.equal(chat.client.rooms.get('general')?.completeFrom, 99);
  assert.equal(versionOf(chat), 100);
});

test('messages and members held are bounded; versions are not touched by it', () => {
  const replica = new Replica(empty);
  const rows = Array.from({ length: 1500 }, (_, index) => message(index + 1));
  const members = rows.map(({ version }) => member({ ...bruno, id: `user-${version}` }, version));
  replica.apply({ room: 'general', from: 1, version: 1500, messages: rows, members });
  assert.equal(replica.messages.length, 1000);
  assert.equal(replica.completeFrom, 501);
  assert.equal(replica.members.size, 1000);
  assert.equal(replica.version, 1500);
});

/** A room's past: version `index + 1` was a message, a later version of one, or someone coming or going. */
type Change = { post: true } | { edit: number } | { person: number; in: boolean };
const changes = fc.array(
  fc.oneof(
    fc.constant<Change>({ post: true }),
    fc.record({ edit: fc.nat(50) }),
    fc.record({ person: fc.nat(4), in: fc.boolean() }),
  ),
  { minLength: 1, maxLength: 30 },
);

/** The rows of versions `from` to `version`, in their state as of version `asOf`. */
function deltaOf(history: Change[], from: number, version: number, asOf: number): Delta {
  const messages = new Map<number, Message>();
  const members = new Map<string, Member>();
  let lastSeq = 0;
  for (const [index, step] of history.slice(0, asOf).entries()) {
    if ('person' in step) {
      const user = { ...bruno, id: `user-${step.person}` };
      members.set(user.id, member(user, index + 1, { in: step.in }));
    } else {
      const seq = 'edit' in step && lastSeq > 0 ? 1 + (step.edit % lastSeq) : ++lastSeq;
      messages.set(seq, message(seq, { version: index + 1, text: `as of ${index + 1}` }));
    }
  }
  const isIn = (row: { version: number }) => row.version >= from && row.version <= version;
  return {
    room: 'general',
    from,
    version,
    messages: [...messages.values()].filter(isIn),
    members: [...members.values()].filter(isIn),
  };
}

/** Three numbers that a property turns into a range and the moment it was read, or into the size of a page. */
const steps = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.boolean()), { maxLength: 40 });

test('[G5] a Delta stream chopped, repeated, overlapping and full of holes ends equal to the whole', async () => {
  await fc.assert(
    fc.asyncProperty(changes, steps, async (history, deliveries) => {
      const head = history.length;
      const chat = new FakeChat();
      const socket = await chat.connect(anew(empty));
      const told: Delta[] = [];
      chat.client.on('change', event => told.push(event.delta));
      const answerRepair = async (limit: number) => {
        const [input] = socket.inputs('room.changes') as { after: number }[];
        if (!input) return;
        const version = Math.min(head, input.after + 1 + (limit % 10));
        const page = deltaOf(history, input.after + 1, version, head);
        await socket.answer('room.changes', { delta: page, more: version < head });
      };
      for (const [a, b, c, isRepair] of deliveries) {
        const from = 1 + (a % head);
        const version = from + (b % (head - from + 1));
        const asOf = version + (c % (head - version + 1));
        if (isRepair) await answerRepair(a);
        else await socket.receive({ event: 'change', ...deltaOf(history, from, version, asOf) });
      }
      await socket.receive({ event: 'change', ...deltaOf(history, head, head, head) });
      while (socket.inputs('room.changes').length > 0) await answerRepair(3);

      const replica = chat.client.rooms.get('general');
      const whole = new Replica(empty);
      whole.apply(deltaOf(history, 1, head, head));
      assert.equal(replica?.version, head);
      assert.deepEqual(replica?.messages, whole.messages);
      assert.deepEqual(new Map([...(replica?.members ?? [])].sort()), new Map([...whole.members].sort()));
      assert.deepEqual(
        told.map(({ from }) => from),
        [1, ...told.slice(0, -1).map(({ version }) => version + 1)],
        'what was told joins without a hole or an overlap',
      );
      assert.deepEqual(chat.toldOf('error'), []);
      assert.equal(chat.client.state.name, 'live');
    }),
  );
});

test('[G6] whatever the moment of the drop, sync brings a replica to where the room is', async () => {
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(), fc.nat(), async (history, a, b) => {
      const head = history.length;
      const held = a % (head + 1);
      const seen = held + (b % (head - held + 1));
      const chat = new FakeChat();
      await chat.connect(anew(empty));
      if (held > 0) await chat.socket.receive({ event: 'change', ...deltaOf(history, 1, held, seen) });
      // A Delta whose repair the drop interrupts.
      if (seen > held + 1) {
        await chat.socket.receive({ event: 'change', ...deltaOf(history, seen, seen, seen) });
      }
      const missed = deltaOf(history, held + 1, head, head);
      await chat.reconnect(
        held < head
          ? { rooms: [{ room: at(head), reset: false, delta: missed }], left: [] }
          : current(room('general', { version: head })),
      );
      const whole = new Replica(empty);
      whole.apply(deltaOf(history, 1, head, head));
      assert.deepEqual(chat.client.rooms.get('general')?.messages, whole.messages);
      assert.equal(versionOf(chat), head);
    }),
  );
});
