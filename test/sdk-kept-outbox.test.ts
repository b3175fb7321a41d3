/** An outbox with a store: reloads, several pages of one browser, several people, and a store that fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatClientOptions, OutboxStore } from '../src/sdk/index.ts';
import { keptIn, memoryOutbox } from '../src/sdk/testing/index.ts';
import { anew, change, current, FakeChat, message, room } from './support/fake-chat.ts';
import { settle } from './support/fake-clock.ts';
import { ana, bruno, type FakeSocket, hello } from './support/fake-socket.ts';

const general = room('general');
const random = room('random');

/** A page of a browser whose store this is. Its ids begin with `name`. */
function pageOf(outbox: OutboxStore, name: string, options: Partial<ChatClientOptions> = {}): FakeChat {
  let ids = 0;
  return new FakeChat({ outbox: keptIn(outbox), newId: () => `${name}-${++ids}`, ...options });
}

const shown = ({ client }: FakeChat) => client.outgoing.map(({ id, state }) => `${id} ${state}`);
const idsSent = (socket: FakeSocket) =>
  socket.inputs('message.send').map(input => (input as { id: string }).id);

const forbidden = { code: 'forbidden', message: 'not a member', retryable: false } as const;

/** Three in general and one in random, written while nothing can be sent; then the page is gone. */
async function leftBehind(outbox: OutboxStore): Promise<void> {
  const page = pageOf(outbox, 'old');
  const socket = await page.connect(anew(general, random));
  await socket.drop();
  for (const text of ['one', 'two', 'three']) page.client.send('general', text);
  page.client.send('random', 'aside');
  await settle();
  page.client.close();
}

test('[G4] what waits outlasts a reload, and goes out once, in order per room', async () => {
  const outbox = memoryOutbox();
  await leftBehind(outbox);
  const page = pageOf(outbox, 'new');
  const socket = await page.connect(anew(general, random));
  assert.deepEqual(shown(page).sort(), ['old-1 sending', 'old-2 queued', 'old-3 queued', 'old-4 sending']);
  for (const seq of [1, 2, 3]) {
    assert.equal(
      idsSent(socket)
        .filter(id => id !== 'old-4')
        .join(),
      `old-${seq}`,
    );
    const [room] = socket.inputs('message.send') as { room: string }[];
    if (room?.room === 'random')
      await socket.answer('message.send', { message: message(9, { id: 'old-4' }) });
    await socket.answer('message.send', { message: message(seq, { id: `old-${seq}` }) });
    await socket.receive(change('general', message(seq, { id: `old-${seq}` })));
  }
  assert.deepEqual(
    idsSent(socket).filter(id => id !== 'old-4'),
    [],
  );
  const ids = (await outbox.load({ user: ana.id, log: hello().log })).map(({ id }) => id);
  assert.deepEqual(
    ids.filter(id => id !== 'old-4'),
    [],
  );
});

test('what was left behind goes out before what was written since the reload', async () => {
  const outbox = memoryOutbox();
  await leftBehind(outbox);
  const page = pageOf(outbox, 'new');
  page.client.send('general', 'later');
  await page.connect(anew(general, random));
  assert.deepEqual(
    page.client.outgoing.filter(({ room }) => room === 'general').map(({ id }) => id),
    ['old-1', 'old-2', 'old-3', 'new-1'],
  );
});

test('a failed message is there after a reload, to be tried again or discarded', async () => {
  const outbox = memoryOutbox();
  const page = pageOf(outbox, 'old');
  const socket = await page.connect(anew(general));
  page.client.send('general', 'one');
  page.client.send('general', 'two');
  await socket.refuse('message.send', forbidden);
  await socket.refuse('message.send', forbidden);
  page.client.close();
  const next = pageOf(outbox, 'new');
  const again = await next.connect(anew(general));
  assert.deepEqual(shown(next), ['old-1 failed', 'old-2 failed']);
  assert.equal(next.client.outgoing[0]?.error?.code, 'forbidden');
  assert.ok(next.client.discard('old-1'));
  assert.ok(next.client.retry('old-2'));
  assert.deepEqual(idsSent(again), ['old-2']);
  await settle();
  const kept = await outbox.load({ user: ana.id, log: hello().log });
  assert.deepEqual(
    kept.map(({ id, error }) => [id, error]),
    [['old-2', undefined]],
  );
});

test('what was handed over before the first connection is kept as soon as it is known who sends it', async () => {
  const outbox = memoryOutbox();
  const page = pageOf(outbox, 'new');
  for (const text of ['one', 'two']) page.client.send('general', text);
  void page.client.connect();
  // Greeted, and not synced yet: nothing has gone out.
  await page.greet();
  await settle();
  const kept = await outbox.load({ user: ana.id, log: hello().log });
  assert.deepEqual(
    kept.map(({ id }) => id),
    ['new-1', 'new-2'],
  );
});

test('what is tried again goes to the end of what is kept', async () => {
  const outbox = memoryOutbox();
  const page = pageOf(outbox, 'old');
  const socket = await page.connect(anew(general));
  page.client.send('general', 'one');
  await socket.refuse('message.send', forbidden);
  await socket.drop();
  page.client.send('general', 'two');
  assert.ok(page.client.retry('old-1'));
  await settle();
  page.client.close();
  const next = pageOf(outbox, 'new');
  await next.connect(anew(general));
  assert.deepEqual(shown(next), ['old-2 sending', 'old-1 queued']);
});

test('where the server comes back with another history, what this page has is kept for that one', async () => {
  const outbox = memoryOutbox();
  const page = pageOf(outbox, 'new');
  const socket = await page.connect(anew(general));
  for (const text of ['one', 'two']) page.client.send('general', text);
  await socket.refuse('message.send', forbidden);
  await socket.drop();
  await page.clock.advance(60_000);
  await page.greet({ log: 'log-2' });
  await settle();
  assert.deepEqual(shown(page), ['new-2 queued', 'new-1 failed']);
  const kept = await outbox.load({ user: ana.id, log: 'log-2' });
  assert.deepEqual(
    kept.map(({ id, error }) => [id, error?.code]),
    [
      ['new-2', undefined],
      ['new-1', 'forbidden'],
    ],
  );
});

test('another user of the browser sends none of it, nor does one whose server has another history', async () => {
  const outbox = memoryOutbox();
  await leftBehind(outbox);
  for (const greeting of [{ user: bruno }, { log: 'log-2' }]) {
    const page = pageOf(outbox, 'other');
    void page.client.connect();
    const socket = await page.greet(greeting);
    await socket.answer('sync', anew(general, random));
    assert.deepEqual([shown(page), idsSent(socket)], [[], []]);
  }
  const back = pageOf(outbox, 'back');
  await back.connect(anew(general, random));
  assert.equal(shown(back).length, 4);
});

test('a page shows what another one has waiting, and leaves it to that one for a while', async () => {
  const outbox = memoryOutbox();
  const [here, there] = [pageOf(outbox, 'here'), pageOf(outbox, 'there')];
  const [, socket] = [await here.connect(anew(general)), await there.connect(anew(general))];
  here.client.send('general', 'one');
  await settle();
  assert.deepEqual(shown(there), ['here-1 queued']);
  assert.deepEqual(idsSent(socket), []);
  await there.clock.advance(1_999);
  assert.deepEqual(idsSent(socket), []);
  await there.clock.advance(1);
  assert.deepEqual(idsSent(socket), ['here-1']);
});

test('what one page has sent disappears from the other, which does not send it', async () => {
  const outbox = memoryOutbox();
  const [here, there] = [pageOf(outbox, 'here'), pageOf(outbox, 'there')];
  const [from, to] = [await here.connect(anew(general)), await there.connect(anew(general))];
  here.client.send('general', 'one');
  await settle();
  assert.deepEqual(shown(there), ['here-1 queued']);
  const said = message(1, { id: 'here-1' });
  await from.answer('message.send', { message: said });
  for (const socket of [from, to]) await socket.receive(change('general', said));
  assert.deepEqual([shown(here), shown(there)], [[], []]);
  await there.clock.advance(10_000);
  assert.deepEqual(idsSent(to), []);
});

test('what another page has sent is shown once, also when its change is here before the store tells of it', async () => {
  const outbox = memoryOutbox();
  const there = pageOf(outbox, 'there');
  const socket = await there.connect(anew(general));
  await socket.receive(change('general', message(1, { id: 'here-1' })));
  const scope = { user: ana.id, log: hello().log };
  await outbox.save(scope, { id: 'here-1', room: 'general', text: 'text 1', at: 0 });
  await outbox.save(scope, { id: 'here-2', room: 'general', text: 'text 2', at: 1 });
  await settle();
  assert.deepEqual(shown(there), ['here-2 queued']);
  await there.clock.advance(10_000);
  assert.deepEqual(idsSent(socket), ['here-2']);
});

test('what one page discards disappears from the other', async () => {
  const outbox = memoryOutbox();
  const [here, there] = [pageOf(outbox, 'here'), pageOf(outbox, 'there')];
  const socket = await here.connect(anew(general));
  here.client.send('general', 'one');
  await socket.refuse('message.send', forbidden);
  await there.connect(anew(general));
  assert.deepEqual(shown(there), ['here-1 failed']);
  here.client.discard('here-1');
  await settle();
  assert.deepEqual([shown(here), shown(there)], [[], []]);
  assert.deepEqual(there.toldOf('outgoing'), ['outgoing here-1 failed', 'outgoing here-1 discarded']);
});

test('what is written behind a message of another page follows it', async () => {
  const outbox = memoryOutbox();
  const [here, there] = [pageOf(outbox, 'here'), pageOf(outbox, 'there')];
  await here.connect(anew(general));
  const socket = await there.connect(anew(general));
  here.client.send('general', 'one');
  await settle();
  there.client.send('general', 'two');
  await there.clock.advance(2_000);
  assert.deepEqual(idsSent(socket), ['here-1']);
  await socket.answer('message.send', { message: message(1, { id: 'here-1' }) });
  assert.deepEqual(idsSent(socket), ['there-1']);
});

test('signing out leaves neither messages nor drafts in the browser', async () => {
  const outbox = memoryOutbox();
  const expiresAt = new Date(Date.UTC(2026, 0, 2)).toISOString();
  const grant = { user: ana, token: 'token-1', expiresAt, refreshToken: 'refresh-1' };
  const page = pageOf(outbox, 'mine', { token: undefined, grant });
  page.respond = () => new Response(null, { status: 204 });
  await page.connect(anew(general));
  page.client.send('general', 'one');
  await page.client.saveDraft('general', 'half a sentence');
  const scope = { user: ana.id, log: hello().log };
  assert.equal((await outbox.load(scope)).length, 1);
  await page.client.logout();
  assert.deepEqual(await outbox.load(scope), []);
  assert.equal(await outbox.draft(scope, 'general'), '');
});

test('signing out leaves nothing either where the page was never connected', async () => {
  const outbox = memoryOutbox();
  await leftBehind(outbox);
  const expiresAt = new Date(Date.UTC(2026, 0, 2)).toISOString();
  const grant = { user: ana, token: 'token-1', expiresAt, refreshToken: 'refresh-1' };
  const page = pageOf(outbox, 'new', { token: undefined, grant });
  page.respond = () => new Response(null, { status: 204 });
  const scope = { user: ana.id, log: hello().log };
  assert.equal((await outbox.load(scope)).length, 4);
  await page.client.logout();
  assert.deepEqual(await outbox.load(scope), []);
});

test('a draft is there after a reload, for its room and its writer', async () => {
  const outbox = memoryOutbox();
  const page = pageOf(outbox, 'old');
  await page.connect(anew(general));
  await page.client.saveDraft('general', 'half a sentence');
  const next = pageOf(outbox, 'new');
  await next.connect(anew(general));
  assert.deepEqual(
    [await next.client.draft('general'), await next.client.draft('random')],
    ['half a sentence', ''],
  );
});

test('a store that fails is told once; messages go out and drafts are kept all the same', async () => {
  const failing = new Proxy(memoryOutbox(), {
    get: () => () => Promise.reject(new Error('QuotaExceededError')),
  });
  const page = pageOf(failing, 'mine');
  const socket = await page.connect(anew(general));
  page.client.send('general', 'one');
  await page.client.saveDraft('general', 'half a sentence');
  await settle();
  assert.deepEqual(idsSent(socket), ['mine-1']);
  assert.equal(await page.client.draft('general'), 'half a sentence');
  assert.equal(page.toldOf('error').length, 1);
});

test('a store that fails later keeps nothing more, and loses nothing of this page', async () => {
  const outbox = memoryOutbox();
  const page = pageOf(outbox, 'mine');
  const socket = await page.connect(anew(general));
  outbox.save = () => Promise.reject(new Error('QuotaExceededError'));
  page.client.send('general', 'one');
  page.client.send('general', 'two');
  await settle();
  assert.equal(page.toldOf('error').length, 1);
  for (const seq of [1, 2]) {
    await socket.answer('message.send', { message: message(seq, { id: `mine-${seq}` }) });
    await socket.receive(change('general', message(seq, { id: `mine-${seq}` })));
  }
  assert.deepEqual(shown(page), []);
});

test('an answered message stays among the outgoing until its change has come', async () => {
  const page = pageOf(memoryOutbox(), 'mine');
  const socket = await page.connect(anew(general));
  page.client.send('general', 'one');
  await socket.answer('message.send', { message: message(2, { id: 'mine-1' }) });
  assert.deepEqual(shown(page), ['mine-1 sent']);
  await socket.receive(change('general', message(1, { from: bruno })));
  assert.deepEqual(shown(page), ['mine-1 sent']);
  await socket.receive(change('general', message(2, { id: 'mine-1' })));
  assert.deepEqual(shown(page), []);
});

test('an answered message whose change can no longer come is not shown for ever', async () => {
  const page = pageOf(memoryOutbox(), 'mine');
  const socket = await page.connect(anew(general, random));
  page.client.send('general', 'one');
  page.client.send('random', 'two');
  await socket.answer('message.send', { message: message(1, { id: 'mine-1' }) });
  await socket.answer('message.send', { message: message(1, { id: 'mine-2' }) });
  assert.equal(shown(page).length, 2);
  await socket.receive({ event: 'left', room: 'random' });
  assert.deepEqual(shown(page), ['mine-1 sent']);
  await page.reconnect(current(room('general', { version: 1 })));
  assert.deepEqual(
    page.client.outgoing.map(({ id }) => id),
    ['mine-1'],
  );
});

test('wherever its message comes from first, whoever looks at an event sees each message once', async () => {
  const orders = [
    'answer change',
    'change answer',
    'page answer change',
    'page change answer',
    'answer page change',
  ];
  for (const order of orders) {
    const page = pageOf(memoryOutbox(), 'mine');
    const socket = await page.connect(anew(general));
    const { client } = page;
    const said = message(1, { id: 'mine-1' });
    const places = () => [
      ...(client.rooms.get('general')?.messages.map(({ id }) => id) ?? []),
      ...client.outgoing.map(({ id }) => id),
    ];
    const seen: string[][] = [];
    for (const event of ['outgoing', 'change', 'reset', 'read'] as const) {
      client.on(event, () => seen.push(places()));
    }
    client.send('general', 'one');
    for (const step of order.split(' ')) {
      if (step === 'answer') await socket.answer('message.send', { message: said });
      if (step === 'change') await socket.receive(change('general', said));
      if (step === 'page') {
        const asked = client.call('message.history', { room: 'general' });
        await settle();
        await socket.answer('message.history', { messages: [said], more: false });
        await asked;
      }
      assert.deepEqual(places(), ['mine-1'], `${order}, after ${step}`);
    }
    assert.ok(seen.length >= 3);
    for (const each of seen) assert.deepEqual(each, ['mine-1'], order);
  }
});
