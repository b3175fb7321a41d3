/** Writing: how a message stands on its way, and what is said to those who don't see it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { Visitor } from '../support/page-visitor.ts';
import { register, TestSocket } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let browser: Browser;
let bia: TestSocket;
let general: string;

before(async () => {
  browser = await openBrowser();
  server = await startServer();
  bia = await TestSocket.live(server.url, (await register(server.url, 'bia')).token);
  general = (await bia.call('room.list', {})).rooms[0]?.id ?? '';
});
after(async () => {
  bia.socket.close();
  await browser.close();
  await server.close();
});

const say = (text: string, room = general) =>
  bia.call('message.send', { room, id: crypto.randomUUID(), text });

test('a refused message says so; it is sent again with its id, or deleted', async () => {
  const ana = await Visitor.come(browser, server.url);
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
  await page.getByLabel('Password', { exact: true }).fill('correct horse');
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
  await ana.leave();
});

test('what was written into a room that one was put out of is not lost in silence', async () => {
  const carla = await Visitor.register(browser, server.url, 'carla');
  const { room } = await bia.call('room.create', { name: 'plans', kind: 'private' });
  const user = (await bia.call('user.find', { query: 'carla' })).users[0]?.id ?? '';
  await bia.call('room.invite', { room: room.id, user });
  await carla.open('plans');
  await carla.page.routeWebSocket(/\/ws$/, socket => {
    const there = socket.connectToServer();
    socket.onMessage(async frame => {
      const { op } = JSON.parse(String(frame));
      // The removal overtakes the message.
      if (op === 'message.send') await bia.call('room.remove', { room: room.id, user });
      there.send(frame);
    });
  });
  await carla.page.reload();
  await carla.page.locator('.room-title h1', { hasText: 'plans' }).waitFor();
  await carla.say('my last words');
  await carla.page.getByRole('heading', { name: 'There’s no such room' }).waitFor();
  const left = carla.page.locator('.left-behind li', { hasText: 'my last words' });
  await left.getByText('Not sent').waitFor();
  await left.getByRole('button', { name: 'Delete' }).click();
  await left.waitFor({ state: 'detached' });
  await carla.leave();
});

test('near the limit it is said how much is left, and what is too long is not sent', async () => {
  const davi = await Visitor.register(browser, server.url, 'davi');
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
  await davi.leave();
});

test('what others say in the open room is read aloud, many at once as a number, one’s own not at all', async () => {
  const eva = await Visitor.register(browser, server.url, 'eva');
  const { page } = eva;
  await eva.composer.waitFor();
  const region = page.locator('[data-announcer]');
  assert.equal(await region.innerText(), '');
  await eva.say('my own');
  await eva.isSent('my own');
  await say('hello');
  await region.getByText('bia: hello').waitFor();
  assert.ok(!(await region.innerText()).includes('my own'));
  await Promise.all(['1', '2', '3', '4', '5'].map(text => say(text)));
  await region.getByText('5 new messages').waitFor();
  await eva.leave();
});
