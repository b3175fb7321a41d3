/** What a device brings along: its clock, its keys, and whether it keeps anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { pageScene } from '../support/page-scene.ts';

const scene = pageScene();

const dayMs = 24 * 60 * 60 * 1000;
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test('at midnight "Today" becomes "Yesterday"; also where the device has slept over it', async () => {
  await using ana = await scene.register('ana');
  await ana.say('said today');
  await ana.isSent('said today');
  const { page } = ana;
  const { clock } = page;
  const day = page.locator('.day').first();
  const lateEvening = new Date();
  lateEvening.setHours(23, 50);
  await clock.install({ time: lateEvening });
  await page.reload();
  await day.getByText('Today', { exact: true }).waitFor();
  await clock.fastForward('15:00');
  await day.getByText('Yesterday', { exact: true }).waitFor();
  // Asleep, timers stand still; only the clock goes on.
  await clock.setSystemTime(lateEvening.getTime() + 2 * dayMs);
  await clock.runFor('01:00');
  await day.getByText(/day, /).waitFor();
});

test('on a Mac the keys are called as they are there, and ⌘K and ⌥↓ do what they say', async () => {
  await using bia = await scene.register('bia');
  const { page } = bia;
  await page.locator('.find', { hasText: 'Ctrl K' }).waitFor();
  await page.addInitScript(() => Object.defineProperty(navigator, 'platform', { value: 'MacIntel' }));
  await page.goto(`${scene.url}/r/nowhere`);
  await page.locator('.find', { hasText: '⌘ K' }).waitFor();
  await page.locator('.room-link', { hasText: 'general' }).waitFor();
  await page.keyboard.press('Meta+k');
  await page.getByRole('combobox').waitFor();
  await page.keyboard.press('Meta+k');
  await page.getByRole('combobox').waitFor({ state: 'detached' });
  await page.keyboard.press('?');
  const keys = page.locator('dialog .keys');
  await keys.waitFor();
  assert.match(await keys.innerText(), /⌘\s*K\s+Find/);
  assert.match(await keys.innerText(), /⌥\s*⇧\s*↑/);
  assert.doesNotMatch(await keys.innerText(), /Ctrl|Alt|Shift/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Alt+ArrowDown');
  await page.locator('.room-title h1', { hasText: 'general' }).waitFor();
  assert.deepEqual(bia.oddities, []);
});

test('on a touch screen Enter breaks the line and the button sends; Ctrl Enter does for who has such keys', async () => {
  await using carla = await scene.register('carla', phone);
  const { page, composer } = carla;
  await carla.open('general');
  assert.equal(await composer.getAttribute('enterkeyhint'), 'enter');
  await composer.tap();
  await page.keyboard.type('first line');
  await page.keyboard.press('Enter');
  await page.keyboard.type('second line');
  await page.getByRole('button', { name: 'Send' }).tap();
  await carla.isSent('second line');
  assert.equal(
    await page.locator('.row .text', { hasText: 'second' }).innerText(),
    'first line\nsecond line',
  );
  await page.keyboard.type('by its keys');
  await page.keyboard.press('Control+Enter');
  await carla.isSent('by its keys');
});

test('the button takes no focus from what is written: the keyboard on the screen does not go up and down', async () => {
  await using davi = await scene.register('davi', phone);
  const { page, composer } = davi;
  await davi.open('general');
  await composer.fill('with a finger');
  await composer.tap();
  const hasLostFocus = await page.evaluateHandle(() => {
    const seen = { blurred: false };
    document.getElementById('composer')?.addEventListener('blur', () => {
      seen.blurred = true;
    });
    return seen;
  });
  await page.getByRole('button', { name: 'Send' }).tap();
  await davi.isSent('with a finger');
  assert.deepEqual(await hasLostFocus.jsonValue(), { blurred: false });
});

/** As where a browser is set to keep nothing: what stores things throws, or fails. */
function forbidStoring(): void {
  const refuse = () => {
    throw new DOMException('not here', 'SecurityError');
  };
  Object.defineProperty(globalThis, 'localStorage', { get: refuse });
  IDBFactory.prototype.open = refuse;
  globalThis.BroadcastChannel = class {
    constructor() {
      refuse();
    }
  } as unknown as typeof BroadcastChannel;
  LockManager.prototype.request = async () => refuse();
}

/** Counts what is said at the edge of the page: it goes by, whether or not somebody looks. */
async function countWarnings(page: Page): Promise<void> {
  await page.addInitScript(() => {
    let warnings = 0;
    const isWarning = (node: Node) =>
      node instanceof HTMLElement &&
      node.matches('.toast') &&
      node.innerText.includes('keeps nothing for papo');
    new MutationObserver(changes => {
      warnings += changes.flatMap(({ addedNodes }) => [...addedNodes]).filter(isWarning).length;
      document.documentElement.dataset['warnings'] = String(warnings);
    }).observe(document, { childList: true, subtree: true });
  });
}

/** That nobody is signed in is what the server says when it is asked, for want of a note that somebody is. */
const isOdd = (oddity: string) => !oddity.includes('401');
const warned = (page: Page) => page.locator('html[data-warnings]:not([data-warnings="0"])').waitFor();
const warnings = (page: Page) => page.locator('html').getAttribute('data-warnings');

test('where the browser stores nothing all goes on, one is told once, and the cookie keeps one signed in', async () => {
  await using eva = await scene.come();
  const { page } = eva;
  await page.addInitScript(forbidStoring);
  await countWarnings(page);
  await page.reload();
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  assert.equal(await page.getByText('You were signed out.').count(), 0);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Username').fill('eva');
  await page.getByLabel('Password', { exact: true }).fill('correct horse');
  await page.locator('form').getByRole('button', { name: 'Create account' }).click();
  await warned(page);
  await eva.say('one');
  await eva.say('two');
  await eva.isSent('two');
  await eva.composer.fill('a draft');
  assert.equal(await warnings(page), '1');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Dark').check();
  await page.keyboard.press('Escape');
  await page.reload();
  await eva.sees('two');
  assert.deepEqual((await eva.texts()).slice(-2), ['one', 'two']);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Sign out on this device' }).click();
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  assert.deepEqual(eva.oddities.filter(isOdd), []);
});

test('where the storage is full what is written goes out all the same, and one is told once', async () => {
  await using fabio = await scene.come();
  const { page } = fabio;
  await countWarnings(page);
  await page.addInitScript(() => {
    const refuse = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    Storage.prototype.setItem = refuse;
    IDBObjectStore.prototype.put = refuse;
  });
  await page.reload();
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Username').fill('fabio');
  await page.getByLabel('Password', { exact: true }).fill('correct horse');
  await page.locator('form').getByRole('button', { name: 'Create account' }).click();
  await fabio.say('one');
  await warned(page);
  await fabio.say('two');
  await fabio.isSent('two');
  assert.equal(await warnings(page), '1');
  await page.reload();
  await fabio.sees('two');
  assert.deepEqual(fabio.oddities.filter(isOdd), []);
});
