/** What goes wrong where several things happen at once: dialogs, leaving, long texts, reading on after writing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { pageScene } from '../support/page-scene.ts';
import type { Visitor } from '../support/page-visitor.ts';
import { register, type TestSocket } from '../support/people.ts';

let bia: TestSocket;
let ana: Visitor;
let anaId: string;
const scene = pageScene(async scene => {
  bia = await scene.talker('bia');
  ana = await scene.register('ana');
  anaId = (await bia.call('user.find', { query: 'ana' })).users[0]?.id ?? '';
});

const say = (room: string, text: string) => bia.call('message.send', { room, id: crypto.randomUUID(), text });

/** A room of Bia's that Ana is in and has open. */
async function together(name: string, kind: 'public' | 'private' = 'public'): Promise<string> {
  const { room } = await bia.call('room.create', { name, kind });
  await bia.call('room.invite', { room: room.id, user: anaId });
  await ana.open(name);
  return room.id;
}

/** Where the messages are scrolled to, once that has not changed for some frames. */
function standstill(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const stillFrames = 10;
    const place = () => document.querySelector('.scroller')?.scrollTop ?? Number.NaN;
    for (let still = 0, last = place(); still < stillFrames; still++) {
      await new Promise(done => requestAnimationFrame(done));
      if (place() !== last) still = 0;
      last = place();
    }
    return place();
  });
}

test('who has written, and then reads further up, is not pulled down by what others say', async () => {
  const room = await together('reading');
  for (let n = 1; n <= 40; n++) await say(room, `line ${n}`);
  await ana.say('my own');
  await ana.isSent('my own');
  await ana.page.locator('.scroller').focus();
  await ana.page.keyboard.press('PageUp');
  await ana.page.keyboard.press('PageUp');
  const more = ana.page.getByRole('button', { name: 'Go to the newest message' });
  await more.waitFor();
  const before = await standstill(ana.page);
  await say(room, 'news');
  await more.getByText('1 new').waitFor();
  assert.equal(await standstill(ana.page), before);
});

test('who is at the end stays there when what is around the messages takes more space', async () => {
  const room = await together('growing');
  for (let n = 1; n <= 40; n++) await say(room, `line ${n}`);
  const { page } = ana;
  const last = page.locator('.row', { hasText: 'line 40' });
  await last.waitFor();
  const scroller = page.locator('.scroller');
  const heightNow = () => scroller.evaluate(element => element.clientHeight);
  /** The view is another one than before, and still at its end. */
  const isStill = (before: number) =>
    page.waitForFunction(old => {
      const { scrollHeight, scrollTop, clientHeight } = document.querySelector('.scroller') as HTMLElement;
      return clientHeight !== old && scrollHeight - scrollTop - clientHeight < 1;
    }, before);
  await isStill(0);
  // By less than a message is high, by one line, and by many.
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  for (const change of [
    () => page.setViewportSize({ width, height: height - 3 }),
    () => page.setViewportSize({ width, height: height - 6 }),
    () => ana.composer.fill('a\nb'),
    () => ana.composer.fill('a\n'.repeat(12)),
  ]) {
    const before = await heightNow();
    await change();
    await isStill(before);
  }
  await ana.composer.fill('');
  await page.setViewportSize({ width, height });
});

test('after the way to the newest message one reads on by keyboard, and writes on after a click', async () => {
  const { page } = ana;
  await ana.open('reading');
  const scroller = page.locator('.scroller');
  const toNewest = page.getByRole('button', { name: 'Go to the newest message' });
  const hasFocus = (selector: string) =>
    page.waitForFunction(wanted => document.activeElement?.matches(wanted), selector);
  const readUp = async () => {
    await scroller.evaluate(element => element.scrollTo(0, 0));
    await toNewest.waitFor();
  };
  await readUp();
  await toNewest.press('Enter');
  await toNewest.waitFor({ state: 'detached' });
  await hasFocus('.scroller');
  await ana.composer.focus();
  await readUp();
  await toNewest.click();
  await toNewest.waitFor({ state: 'detached' });
  await hasFocus('#composer');
});

test('where the newest message can not be loaded one is told, stays where one reads, and can try again', async () => {
  const room = await together('long');
  const { page } = ana;
  const write = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) await say(room, `line ${n}`);
  };
  await write(1, 10);
  await ana.sees('line 10');
  let isFar = true;
  let isRefusing = false;
  await page.routeWebSocket(/\/ws$/, socket => {
    const there = socket.connectToServer();
    socket.onMessage(frame => {
      const { ref, op } = JSON.parse(String(frame));
      const error = { code: 'internal', message: 'no', retryable: true };
      if (op === 'message.history' && isRefusing) socket.send(JSON.stringify({ ref, error }));
      else there.send(frame);
    });
    // As for a room in which less was said than in twenty others: its newest messages don't come by themselves.
    there.onMessage(frame => {
      const told = JSON.parse(String(frame));
      for (const synced of told.output?.rooms ?? []) if (isFar && synced.reset) synced.messages = [];
      socket.send(JSON.stringify(told));
    });
  });
  // Away: what is said meanwhile is more than one page.
  await page.goto('about:blank');
  await write(11, 300);
  await page.goto(`${scene.url}/r/${room}`);
  await ana.sees('line 11');
  await page.locator('.rows[data-placed="true"]').waitFor();
  isRefusing = true;
  const before = await standstill(page);
  await page.getByRole('button', { name: 'Go to the newest message' }).click();
  const told = page.getByRole('alert').filter({ hasText: 'Couldn’t load.' });
  await told.waitFor();
  assert.equal(await standstill(page), before);
  isRefusing = false;
  await told.getByRole('button', { name: 'Retry' }).click();
  await ana.sees('line 300');
  await told.waitFor({ state: 'detached' });
  isFar = false;
  assert.deepEqual(ana.oddities, []);
});

test('who is put out of a room with its details open has no dialog left that opens over the next room', async () => {
  const room = await together('closing', 'private');
  const { page } = ana;
  await page.getByRole('button', { name: /Room details/ }).click();
  await page.locator('dialog[open]').waitFor();
  await bia.call('room.remove', { room, user: anaId });
  await page.getByRole('heading', { name: 'There’s no such room' }).waitFor();
  await ana.open('general');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  await page.keyboard.press('Escape');
});

test('one dialog follows another; Back closes it', async () => {
  const { page } = ana;
  await ana.open('reading');
  await ana.open('general');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Keys' }).click();
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  // By now a late "close" of the first would have taken the second with it.
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
  assert.ok(await page.getByRole('heading', { name: 'Keys' }).isVisible());
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'reading' }).waitFor();
  assert.equal(await page.locator('dialog[open]').count(), 0);
});

test('what is marked with the mouse in a dialog, to beyond its edge, does not close it', async () => {
  const { page } = ana;
  await page.getByRole('button', { name: 'New room' }).click();
  const name = page.getByLabel('Name', { exact: true });
  await name.fill('typed');
  await name.hover();
  await page.mouse.down();
  await page.mouse.move(5, 5);
  await page.mouse.up();
  assert.equal(await name.inputValue(), 'typed');
  await page.mouse.click(5, 5);
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
});

test('a long text that was pasted keeps its lines', async () => {
  const room = await together('pasting');
  const lines = Array.from({ length: 300 }, (_, n) => `  line ${n} of something long`);
  await say(room, lines.join('\n'));
  await ana.sees('line 299');
  assert.equal((await ana.texts())[0]?.split('\n').length, lines.length);
});

test('what is written from right to left has its numbers and bars on the right', async () => {
  const room = await together('directions');
  await say(room, '1. אחד\n2. שתיים\n\n> ציטוט');
  await say(room, '1. one\n2. two');
  await ana.sees('two');
  const directions = await ana.page
    .locator('.text :is(ol, blockquote)')
    .evaluateAll(all => all.map(it => getComputedStyle(it).direction));
  assert.deepEqual(directions, ['rtl', 'rtl', 'ltr']);
});

test('the one who was looked for before is not written to by a quick Enter', async () => {
  const { page } = ana;
  await register(scene.url, 'zoe');
  await ana.open('general');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('zoe');
  await page.locator('[role="option"]', { hasText: '@zoe' }).waitFor();
  await page.getByRole('combobox').fill('nobody');
  await page.keyboard.press('Enter');
  await page.getByText('Nothing found.').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.room-title h1').innerText(), 'general');
});

test('what was not sent to a room that one has left is still there to be deleted', async () => {
  const room = await together('leaving');
  const { page } = ana;
  await ana.say('before');
  await ana.isSent('before');
  await page.routeWebSocket(/\/ws$/, socket => {
    const there = socket.connectToServer();
    socket.onMessage(frame => {
      const { ref, op } = JSON.parse(String(frame));
      const error = { code: 'forbidden', message: 'no', retryable: false };
      if (op === 'message.send') socket.send(JSON.stringify({ ref, error }));
      else there.send(frame);
    });
  });
  await page.reload();
  await ana.say('refused');
  await page.locator('.message[data-delivery="failed"]').waitFor();
  await page.getByRole('button', { name: /Room details/ }).click();
  await page.getByRole('button', { name: 'Leave room' }).click();
  await page.getByRole('button', { name: 'Leave room' }).click();
  await page.getByRole('button', { name: 'Join room' }).waitFor();
  const left = page.locator('.left-behind li', { hasText: 'refused' });
  await left.waitFor();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByText('1 message hasn’t been sent. Signing out deletes it.').waitFor();
  await page.keyboard.press('Escape');
  await left.getByRole('button', { name: 'Delete' }).click();
  await left.waitFor({ state: 'detached' });
  assert.ok(page.url().endsWith(room));
});

test('a dialog that was open when a login ended does not open by itself in the next one', async () => {
  const { page, context } = ana;
  await ana.open('general');
  const other = await context.newPage();
  await other.goto(scene.url);
  await page.getByRole('button', { name: 'Settings' }).click();
  await other.getByRole('button', { name: 'Settings' }).click();
  await other.getByRole('button', { name: 'Sign out on this device' }).click();
  await page.getByText('You were signed out.').waitFor();
  await ana.signIn('ana');
  await ana.composer.waitFor();
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assert.deepEqual(ana.oddities, []);
});
