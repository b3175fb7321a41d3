/** Writing: how a message stands on its way, and what is said to those who don't see it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageScene } from '../support/page-scene.ts';
import { password, type TestSocket } from '../support/people.ts';

let bia: TestSocket;
let general: string;
const scene = pageScene(async scene => {
  bia = await scene.talker('bia');
  general = (await bia.call('room.list', {})).rooms[0]?.id ?? '';
});

const say = (text: string, room = general) =>
  bia.call('message.send', { room, id: crypto.randomUUID(), text });

test('a refused message says so; it is sent again with its id, or deleted', async () => {
  await using ana = await scene.come();
  const { page } = ana;
  const ids: string[] = [];
  let isRefusing = true;
  // Between the page and the server: answers as the server would that refuses.
  await page.routeWebSocket(/\/ws$/, socket => {
    const there = socket.connectToServer();
    socket.onMessage(frame => {
      const { ref, op, input } = JSON.parse(String(frame));
      if (op === 'message.send') ids.push(input.id);
      const error = { code: 'forbidden', message: 'no', retryable: false };
      if (op === 'message.send' && isRefusing) socket.send(JSON.stringify({ ref, error }));
      else there.send(frame);
    });
  });
  await page.reload();
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Username').fill('ana');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await ana.say('first');
  await ana.say('second');
  const failed = page.locator('.message[data-delivery="failed"]');
  await failed.nth(1).waitFor();
  isRefusing = false;
  await failed.filter({ hasText: 'second' }).getByRole('button', { name: 'Delete' }).click();
  await failed.nth(1).waitFor({ state: 'detached' });
  await failed.getByRole('button', { name: 'Retry' }).click();
  await ana.isSent('first');
  assert.deepEqual(await ana.texts(), ['first']);
  assert.deepEqual(ids, [ids[0], ids[1], ids[0]]);
});

test('what was written into a room that one was put out of is not lost in silence', async () => {
  await using carla = await scene.register('carla');
  const { room } = await bia.call('room.create', { name: 'plans', kind: 'private' });
  const user = (await bia.call('user.find', { query: 'carla' })).users[0]?.id ?? '';
  await bia.call('room.invite', { room: room.id, user });
  await carla.open('plans');
  const delay = Promise.withResolvers<void>();
  await carla.page.routeWebSocket(/\/ws$/, socket => {
    const there = socket.connectToServer();
    socket.onMessage(async frame => {
      const { op } = JSON.parse(String(frame));
      if (op === 'message.send') {
        // The removal overtakes the message.
        await bia.call('room.remove', { room: room.id, user });
        await delay.promise;
      }
      there.send(frame);
    });
  });
  await carla.page.reload();
  await carla.page.locator('.room-title h1', { hasText: 'plans' }).waitFor();
  await carla.say('my last words');
  await carla.page.getByRole('heading', { name: 'There’s no such room' }).waitFor();
  const left = carla.page.locator('.left-behind li', { hasText: 'my last words' });
  // Undecided, it could be neither tried again nor deleted.
  assert.equal(await left.count(), 0);
  delay.resolve();
  await left.getByText('Not sent').waitFor();
  await left.getByRole('button', { name: 'Delete' }).click();
  await left.waitFor({ state: 'detached' });
});

test('near the limit it is said how much is left, and what is too long is not sent', async () => {
  await using davi = await scene.register('davi');
  const note = davi.page.locator('.composer-note');
  await davi.composer.fill('á'.repeat(4_000));
  assert.equal(await note.innerText(), '');
  await davi.composer.fill('á'.repeat(8_000));
  await note.getByText('384 bytes left').waitFor();
  await davi.composer.fill('á'.repeat(8_193));
  await note.getByText('2 bytes too long').waitFor();
  await davi.composer.press('Enter');
  assert.equal((await davi.composer.inputValue()).length, 8_193);
  await davi.composer.fill('á'.repeat(8_192));
  await davi.composer.press('Enter');
  await davi.isSent('á'.repeat(8_192));
  assert.deepEqual(davi.oddities, []);
});

test('what others say in the open room is read aloud, many at once as a number, one’s own not at all', async () => {
  await using eva = await scene.register('eva');
  const { page } = eva;
  await eva.composer.waitFor();
  const region = page.locator('[data-announcer]');
  assert.equal(await region.innerText(), '');
  await eva.say('my own');
  await eva.isSent('my own');
  await say('hello');
  await region.getByText('bia: hello').waitFor();
  assert.ok(!(await region.innerText()).includes('my own'));
  // They come in the same second, however long they take.
  const { clock } = page;
  await clock.install();
  await clock.pauseAt(Date.now() + 60_000);
  for (const nth of ['first', 'second', 'third', 'fourth', 'fifth']) {
    await say(`the ${nth} of five`);
    await eva.sees(`the ${nth} of five`);
  }
  await clock.runFor(1_000);
  await region.getByText('5 new messages').waitFor();
});
