import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatError } from '../src/sdk/index.ts';
import { anew, change, current, FakeChat, message, room } from './support/fake-chat.ts';
import { settle } from './support/fake-clock.ts';

const general = room('general');
const random = room('random');
const sent = (text: string, id: string, to = 'general') => ({ room: to, id, text });

test('send returns at once and tells queued, sending, sent; done resolves with the message', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  const outgoing = chat.client.send('general', 'Olá!');
  assert.equal(outgoing.state, 'sending');
  await socket.answer('message.send', { message: message(1, { id: 'id-1' }) });
  assert.equal(outgoing.state, 'sent');
  assert.equal((await outgoing.done).seq, 1);
  assert.deepEqual(chat.toldOf('outgoing'), [
    'outgoing id-1 queued',
    'outgoing id-1 sending',
    'outgoing id-1 sent',
  ]);
  assert.deepEqual(chat.client.outgoing, [outgoing]);
  await socket.receive(change('general', message(1, { id: 'id-1' })));
  assert.deepEqual(chat.client.outgoing, []);
});

test('what is sent before the connection is there goes out once it is live', async () => {
  const chat = new FakeChat();
  const outgoing = chat.client.send('general', 'early');
  assert.equal(outgoing.state, 'queued');
  const socket = await chat.connect(anew(general));
  assert.deepEqual(socket.inputs('message.send'), [sent('early', 'id-1')]);
});

test('[G4] [CLIENT-7] undecided messages are sent again with the same id after a drop, in order', async () => {
  const chat = new FakeChat();
  const first = await chat.connect(anew(general));
  for (const text of ['one', 'two', 'three']) chat.client.send('general', text);
  await settle();
  assert.deepEqual(first.inputs('message.send'), [sent('one', 'id-1')]);
  const second = await chat.reconnect(current(general));
  for (const [index, text] of ['one', 'two', 'three'].entries()) {
    assert.deepEqual(second.inputs('message.send'), [sent(text, `id-${index + 1}`)]);
    const said = message(index + 1, { id: `id-${index + 1}` });
    await second.answer('message.send', { message: said });
    await second.receive(change('general', said));
  }
  assert.deepEqual(chat.client.outgoing, []);
});

test('[G3] [CLIENT-9] one message per room is undecided at a time; rooms do not wait for each other', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general, random));
  chat.client.send('general', 'one');
  chat.client.send('general', 'two');
  chat.client.send('random', 'three');
  assert.deepEqual(socket.inputs('message.send'), [sent('one', 'id-1'), sent('three', 'id-3', 'random')]);
});

test('[G3] a message that must be tried again is not overtaken by the next one', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  chat.client.send('general', 'one');
  chat.client.send('general', 'two');
  await socket.refuse('message.send', { code: 'rate_limited', retryable: true, retryAfterMs: 700 });
  await chat.clock.advance(699);
  assert.deepEqual(socket.inputs('message.send'), []);
  await chat.clock.advance(1);
  assert.deepEqual(socket.inputs('message.send'), [sent('one', 'id-1')]);
});

test('a rate is counted over all rooms: after rate_limited none of them sends until the wait is over', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general, random));
  chat.client.send('general', 'one');
  await socket.refuse('message.send', { code: 'rate_limited', retryable: true, retryAfterMs: 700 });
  chat.client.send('random', 'two');
  await chat.clock.advance(699);
  assert.deepEqual(socket.inputs('message.send'), []);
  await chat.clock.advance(1);
  assert.deepEqual(socket.inputs('message.send'), [sent('one', 'id-1'), sent('two', 'id-2', 'random')]);
});

test('a server that says "again at once" is asked less and less often', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  chat.client.send('general', 'one');
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    await socket.refuse('message.send', { code: 'internal', retryable: true, retryAfterMs: 0 });
    const from = chat.clock.now();
    while (socket.inputs('message.send').length === 0) await chat.clock.advance(1);
    waits.push(chat.clock.now() - from);
  }
  assert.deepEqual(waits, [125, 250, 500, 1000]);
});

for (const code of ['rate_limited', 'internal', 'timeout', 'unavailable'] as const) {
  test(`[G4] [CLIENT-7] after ${code} the same message is sent again, with the same id, for as long as it takes`, async () => {
    const chat = new FakeChat();
    const socket = await chat.connect(anew(general));
    const outgoing = chat.client.send('general', 'one');
    for (let i = 0; i < 20; i++) {
      await socket.refuse('message.send', { code, retryable: true });
      assert.equal(outgoing.state, 'queued');
      await chat.clock.advance(15_000);
      if (socket.inputs('ping').length) await socket.answer('ping', { at: '2026-01-01T00:00:00.000Z' });
      assert.deepEqual(socket.inputs('message.send'), [sent('one', 'id-1')]);
    }
  });
}

test('[G4] [CLIENT-7] a message without any answer is sent again with the same id', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  chat.client.send('general', 'one');
  for (let seconds = 0; seconds < 41; seconds++) {
    await chat.clock.advance(1000);
    await socket.receive({ event: 'unknown' });
  }
  assert.deepEqual(socket.inputs('message.send'), [sent('one', 'id-1'), sent('one', 'id-1')]);
});

test('[G7] [CLIENT-8] an error that is not retryable fails the message, and the next one goes on', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  const one = chat.client.send('general', 'one');
  const two = chat.client.send('general', 'two');
  await socket.refuse('message.send', { code: 'forbidden', retryable: false });
  assert.equal(one.state, 'failed');
  assert.equal(one.error?.code, 'forbidden');
  await assert.rejects(one.done, { name: 'ChatError', code: 'forbidden', retryable: false });
  assert.equal(two.state, 'sending');
  assert.deepEqual(socket.inputs('message.send'), [sent('two', 'id-2')]);
});

test('a failed message can be retried with its id, or discarded', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  const one = chat.client.send('general', 'one');
  await socket.refuse('message.send', { code: 'forbidden', retryable: false });
  assert.deepEqual(chat.client.outgoing, [one]);
  assert.equal(chat.client.retry('id-1'), true);
  assert.equal(chat.client.retry('id-1'), false);
  assert.deepEqual(socket.inputs('message.send'), [sent('one', 'id-1')]);
  await socket.refuse('message.send', { code: 'forbidden', retryable: false });
  assert.equal(chat.client.discard('id-1'), true);
  assert.equal(chat.client.discard('id-1'), false);
  assert.deepEqual(chat.client.outgoing, []);
});

test('a retried message has a new done', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  const one = chat.client.send('general', 'one');
  await socket.refuse('message.send', { code: 'forbidden', retryable: false });
  chat.client.retry('id-1');
  await socket.answer('message.send', { message: message(1, { id: 'id-1' }) });
  assert.equal((await one.done).seq, 1);
  assert.equal(one.error, undefined);
});

test('[G4] [CLIENT-10] the own message in a Delta counts as the answer, and the late answer changes nothing', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  const one = chat.client.send('general', 'one');
  chat.client.send('general', 'two');
  await socket.receive(change('general', message(1, { id: 'id-1' })));
  assert.equal(one.state, 'sent');
  await socket.answer('message.send', { message: message(1, { id: 'id-1' }) });
  assert.deepEqual(socket.inputs('message.send'), [sent('two', 'id-2')]);
  assert.deepEqual(chat.toldOf('outgoing id-1'), [
    'outgoing id-1 queued',
    'outgoing id-1 sending',
    'outgoing id-1 sent',
  ]);
});

test('a failed message that is handed over again with its id is one message, on its way', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  chat.client.send('general', 'one', { id: 'mine' });
  await socket.refuse('message.send', { code: 'forbidden', retryable: false });
  chat.client.send('general', 'one', { id: 'mine' });
  assert.deepEqual(
    chat.client.outgoing.map(({ id, state }) => `${id} ${state}`),
    ['mine sending'],
  );
});

test("another sender's message with the same id settles nothing", async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  const one = chat.client.send('general', 'one');
  const other = message(1, { id: 'id-1' });
  await socket.receive(change('general', { ...other, sender: { ...other.sender, id: 'user-bruno' } }));
  assert.equal(one.state, 'sending');
});

test('[G4] a message that was stored before the drop is settled by sync and not sent again', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(general));
  const one = chat.client.send('general', 'one');
  const delta = { room: 'general', from: 1, version: 1, messages: [message(1, { id: 'id-1' })] };
  const socket = await chat.reconnect({
    rooms: [{ room: room('general', { version: 1, lastSeq: 1 }), reset: false, delta }],
    left: [],
  });
  assert.equal(one.state, 'sent');
  assert.deepEqual(socket.inputs('message.send'), []);
});

for (const code of [1002, 1003, 1007, 1009]) {
  test(`[CLIENT-12] close code ${code} fails the request that was sent last, and does not loop`, async () => {
    const chat = new FakeChat();
    const first = await chat.connect(anew(general, random));
    const innocent = chat.client.send('general', 'innocent');
    const guilty = chat.client.send('random', 'guilty');
    await first.drop(code, 'poison');
    assert.equal(guilty.state, 'failed');
    assert.equal(guilty.error?.code, code === 1009 ? 'too_large' : 'bad_request');
    assert.equal(innocent.state, 'queued');
    await chat.wait();
    const second = await chat.greet();
    await second.answer('sync', current(general, random));
    assert.deepEqual(second.inputs('message.send'), [sent('innocent', 'id-1')]);
  });
}

test('a message longer than a frame may be fails without costing the connection', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  const huge = chat.client.send('general', 'ã'.repeat(66_000));
  await settle();
  assert.equal(huge.error?.code, 'too_large');
  assert.deepEqual(socket.unanswered, []);
});

test('the outbox is bounded: beyond it send throws outbox_full', async () => {
  const chat = new FakeChat();
  for (let i = 0; i < 1000; i++) chat.client.send('general', `${i}`);
  assert.throws(
    () => chat.client.send('general', 'one too many'),
    (error: unknown) => error instanceof ChatError && error.code === 'outbox_full' && error.retryable,
  );
  const socket = await chat.connect(anew(general));
  await socket.answer('message.send', { message: message(1, { id: 'id-1' }) });
  assert.equal(chat.client.send('general', 'room again').state, 'queued');
});

test('failed messages do not fill the outbox: the oldest are forgotten', async () => {
  const chat = new FakeChat();
  const socket = await chat.connect(anew(general));
  for (let i = 0; i < 101; i++) {
    chat.client.send('general', `${i}`);
    await socket.refuse('message.send', { code: 'forbidden', retryable: false });
  }
  assert.equal(chat.client.outgoing.length, 100);
  assert.equal(chat.client.retry('id-1'), false);
});

test('closing leaves undecided messages undecided, and connecting again goes on with them', async () => {
  const chat = new FakeChat();
  await chat.connect(anew(general));
  const one = chat.client.send('general', 'one');
  chat.client.close();
  await settle();
  assert.equal(one.state, 'queued');
  const socket = await chat.connect(current(general));
  assert.deepEqual(socket.inputs('message.send'), [sent('one', 'id-1')]);
});
