/** Everything by keyboard: the ways through the page, and where the focus is afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { pageScene } from '../support/page-scene.ts';
import { password, type TestSocket } from '../support/people.ts';

let bia: TestSocket;
const scene = pageScene(async scene => {
  bia = await scene.talker('bia');
});

const title = (page: Page) => page.locator('.room-title h1');
const hasFocus = (page: Page, selector: string) =>
  page.waitForFunction(wanted => document.activeElement?.matches(wanted), selector);

/** Tab until the focus is there. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(wanted => document.activeElement?.matches(wanted), selector)) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}

test('one registers, makes a room, writes and leaves without a mouse', async () => {
  await using ana = await scene.come();
  const { page } = ana;
  await tabTo(page, '.other-way button');
  await page.keyboard.press('Enter');
  await tabTo(page, '[name="username"]');
  await page.keyboard.type('ana');
  await tabTo(page, '[name="password"]');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  await title(page).getByText('general').waitFor();
  await hasFocus(page, '#composer');
  await page.keyboard.press('Shift+Tab');
  await tabTo(page, '[aria-label="New room"]');
  await page.keyboard.press('Enter');
  await hasFocus(page, '[name="name"]');
  await page.keyboard.type('kitchen');
  await page.keyboard.press('Enter');
  await title(page).getByText('kitchen').waitFor();
  await hasFocus(page, '#composer');
  await page.keyboard.type('first line');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('second line');
  await page.keyboard.press('Enter');
  await page.locator('.message[data-delivery="stored"]', { hasText: 'second line' }).waitFor();
  assert.equal(await page.locator('.row .text').innerText(), 'first line\nsecond line');
  await page.keyboard.press('Shift+Tab');
  await tabTo(page, '[aria-label="Settings"]');
  await page.keyboard.press('Enter');
  await page.locator('dialog[open]').waitFor();
  await page.keyboard.press('Escape');
  await hasFocus(page, '[aria-label="Settings"]');
  await page.keyboard.press('Enter');
  await page.locator('dialog[open]').waitFor();
  await tabTo(page, 'dialog .dialog-section:last-of-type .button');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  assert.deepEqual(ana.oddities, []);
});

test('Ctrl+K finds rooms and people, Alt+arrows walk the list, ? tells the keys', async () => {
  await using carla = await scene.register('carla');
  const { page } = carla;
  const found = await bia.call('user.find', { query: 'carla' });
  for (const name of ['alpha', 'beta']) {
    const { room } = await bia.call('room.create', { name });
    await bia.call('room.invite', { room: room.id, user: found.users[0]?.id ?? '' });
    if (name === 'beta')
      await bia.call('message.send', { room: room.id, id: crypto.randomUUID(), text: 'ping' });
  }
  await carla.open('general');
  await page.locator('.room-link[data-unread="true"]', { hasText: 'beta' }).waitFor();
  await page.keyboard.press('Alt+Shift+ArrowDown');
  await title(page).getByText('beta').waitFor();
  await page.keyboard.press('Alt+ArrowUp');
  await title(page).getByText('alpha').waitFor();
  await page.keyboard.press('Control+k');
  await hasFocus(page, '[role="combobox"]');
  await page.keyboard.type('bia');
  await page.locator('[role="option"]', { hasText: '@bia' }).waitFor();
  await page.keyboard.press('Enter');
  await title(page).getByText('bia').waitFor();
  assert.match(new URL(page.url()).pathname, /^\/r\/[0-9a-f-]{36}$/);
  await page.goBack();
  await title(page).getByText('alpha').waitFor();
  await page.goForward();
  await title(page).getByText('bia').waitFor();
  await page.reload();
  await title(page).getByText('bia').waitFor();
  // A room that opens takes the focus.
  await hasFocus(page, '#composer');
  await page.locator('.scroller').focus();
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await hasFocus(page, '.scroller');
  assert.deepEqual(carla.oddities, []);
});

test('Enter belongs to who composes a character', async () => {
  await using davi = await scene.register('davi');
  await davi.composer.fill('か');
  const isPrevented = await davi.composer.evaluate(element => {
    const event = new KeyboardEvent('keydown', {
      key: 'Enter',
      isComposing: true,
      bubbles: true,
      cancelable: true,
    });
    return !element.dispatchEvent(event);
  });
  assert.equal(isPrevented, false);
  assert.equal(await davi.composer.inputValue(), 'か');
  await davi.composer.press('Enter');
  await davi.isSent('か');
});
