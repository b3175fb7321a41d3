/** Signing in and out, several tabs, drafts, looks and languages. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { Visitor } from '../support/page-visitor.ts';
import { password, register, request } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let browser: Browser;

before(async () => {
  browser = await openBrowser();
  server = await startServer();
});
after(async () => {
  await browser.close();
  await server.close();
});

test('what is wrong with a sign-in is said, and what was typed stays', async () => {
  await register(server.url, 'ana');
  const ana = await Visitor.come(browser, server.url);
  const { page } = ana;
  await page.getByLabel('Username').fill('ana');
  await page.getByLabel('Password', { exact: true }).fill('wrong password');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('Wrong username or password.').waitFor();
  assert.equal(await page.getByLabel('Username').inputValue(), 'ana');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Password', { exact: true }).fill('correct horse');
  await page.keyboard.press('Enter');
  await page.locator('.problem', { hasText: 'That username is taken.' }).waitFor();
  await page.waitForFunction(() => document.activeElement?.matches('[name="username"]'));
  await page.getByLabel('Username').fill('a b');
  await page.keyboard.press('Enter');
  await page.locator('.problem', { hasText: 'A username has 3 to 32 letters' }).waitFor();
  await ana.leave();
});

test('a reload keeps one signed in; signing out ends it here, in another tab too, and nothing is left', async () => {
  const bia = await Visitor.register(browser, server.url, 'bia');
  const { page, context } = bia;
  await bia.composer.fill('half a sent');
  const other = await context.newPage();
  await other.goto(server.url);
  await other.locator('.me-username', { hasText: '@bia' }).waitFor();
  await page.reload();
  await page.locator('.me-username', { hasText: '@bia' }).waitFor();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Sign out on this device' }).click();
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  await other.getByText('You were signed out.').waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  assert.deepEqual(await context.cookies(), []);
  assert.deepEqual(bia.oddities, []);
  await bia.leave();
});

test('signing out on all devices ends the others too', async () => {
  const jo = await Visitor.register(browser, server.url, 'joana');
  const phone = await Visitor.signIn(browser, server.url, 'joana');
  await phone.composer.waitFor();
  await jo.page.getByRole('button', { name: 'Settings' }).click();
  await jo.page.getByRole('button', { name: 'Sign out on all devices' }).click();
  await jo.page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  assert.equal(await jo.page.getByText('You were signed out.').count(), 0);
  await phone.page.getByText('You were signed out.').waitFor();
  assert.deepEqual(await jo.context.cookies(), []);
  await jo.leave();
  await phone.leave();
});

test('the link of the first administrator makes one of who opens it and signs in, and leaves the address', async () => {
  const { claimUrl = '' } = server;
  assert.match(claimUrl, /\/administrator#.{20,}$/);
  const { token } = await register(server.url, 'olga');
  const olga = await Visitor.come(browser, server.url);
  await olga.page.goto(claimUrl);
  await olga.signIn('olga');
  await olga.page.getByText('You are an administrator now.').waitFor();
  assert.doesNotMatch(olga.page.url(), /#/);
  const { body } = await request<{ administrator?: boolean }>(server.url, 'GET', '/me', { token });
  assert.equal(body.administrator, true);
  assert.deepEqual(olga.oddities, []);
  await olga.leave();
});

test('a draft stays with its room, through another room and a reload', async () => {
  const carla = await Visitor.register(browser, server.url, 'carla');
  const { page } = carla;
  await page.getByRole('button', { name: 'New room' }).click();
  await page.getByLabel('Name', { exact: true }).fill('drafts');
  await page.getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('heading', { level: 1, name: 'drafts' }).waitFor();
  await carla.composer.fill('not finished');
  await carla.open('general');
  assert.equal(await carla.composer.inputValue(), '');
  await carla.open('drafts');
  await page.waitForFunction(() => document.querySelector('textarea')?.value === 'not finished');
  await page.reload();
  await page.waitForFunction(() => document.querySelector('textarea')?.value === 'not finished');
  await carla.composer.press('Enter');
  await carla.isSent('not finished');
  await page.reload();
  await carla.sees('not finished');
  assert.equal(await carla.composer.inputValue(), '');
  await carla.leave();
});

test('two tabs of one person show the same, and read in one is read in the other', async () => {
  const davi = await Visitor.register(browser, server.url, 'davi');
  const eva = await Visitor.register(browser, server.url, 'eva');
  const other = await davi.context.newPage();
  await other.goto(server.url);
  await other.locator('.me-username', { hasText: '@davi' }).waitFor();
  await davi.say('from one tab');
  await other.locator('.row .text', { hasText: 'from one tab' }).waitFor();
  await eva.sees('from one tab');
  await eva.say('seen');
  await davi.sees('seen');
  for (const page of [davi.page, other]) {
    await page.locator('.room-link[data-unread="false"]', { hasText: 'general' }).waitFor();
    assert.equal(await page.locator('.row .text').count(), 2);
  }
  await davi.leave();
  await eva.leave();
});

test('theme and language are chosen, and are there before the first paint of the next visit', async () => {
  const fabio = await Visitor.register(browser, server.url, 'fabio');
  const { page } = fabio;
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Dark').check();
  await page.getByLabel('Português (Brasil)').check();
  await page.getByRole('heading', { name: 'Ajustes' }).waitFor();
  await page.getByRole('button', { name: 'Fechar' }).click();
  await page.reload({ waitUntil: 'commit' });
  await page.locator('#page').waitFor({ state: 'attached' });
  const root = page.locator('html');
  assert.equal(await root.getAttribute('data-theme'), 'dark');
  assert.equal(await root.getAttribute('lang'), 'pt-BR');
  await page.getByRole('button', { name: 'Procurar sala ou pessoa' }).waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
  assert.deepEqual(fabio.oddities, []);
  await fabio.leave();
});

test('in a Brazilian browser the page speaks Portuguese; the days are "Hoje" and "Ontem"', async () => {
  const gil = await Visitor.register(browser, server.url, 'gil');
  await gil.say('oi');
  await gil.isSent('oi');
  await gil.leave();
  const contextOptions = { locale: 'pt-BR', timezoneId: 'America/Sao_Paulo' };
  const helena = await Visitor.come(browser, server.url, contextOptions);
  const { page } = helena;
  await page.getByRole('button', { name: 'Criar conta' }).click();
  await page.getByLabel('Usuário').fill('helena');
  await page.getByLabel('Senha', { exact: true }).fill('correct horse');
  await page.locator('form').getByRole('button', { name: 'Criar conta' }).click();
  await helena.sees('oi');
  assert.equal(await page.locator('.day').first().innerText(), 'Hoje');
  await page.clock.install({ time: Date.now() + 24 * 60 * 60 * 1000 });
  await page.reload();
  await helena.sees('oi');
  assert.equal(await page.locator('.day').first().innerText(), 'Ontem');
  await helena.leave();
});

test('on a phone a room takes the whole page, Back closes it, and what is touched is 44 px', async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const ivo = await Visitor.register(browser, server.url, 'ivo', phone);
  const { page } = ivo;
  await ivo.open('general');
  assert.ok(await page.locator('.sidebar').isHidden());
  const sizes = await page.evaluate(() =>
    [...document.querySelectorAll('button, .room-link, textarea')]
      .filter(it => it.checkVisibility())
      .map(it => [it.getAttribute('aria-label') ?? it.textContent, it.getBoundingClientRect()] as const)
      .filter(([, { width, height }]) => width < 44 || height < 44)
      .map(([name, { width, height }]) => `${name}: ${width} × ${height}`),
  );
  assert.deepEqual(sizes, []);
  await page.getByRole('button', { name: 'Back' }).click();
  await page.locator('.room-link', { hasText: 'general' }).waitFor();
  const eva = await Visitor.signIn(browser, server.url, 'eva');
  await eva.say('while the list is open');
  await page.locator('.room-link[data-unread="true"]', { hasText: 'general' }).waitFor();
  await eva.leave();
  assert.equal(new URL(page.url()).pathname, '/');
  await ivo.open('general');
  await page.goBack();
  await page.locator('.room-link', { hasText: 'general' }).waitFor();
  await ivo.leave();
});

test('at 200 % zoom and at 320 px nothing is cut off sideways', async () => {
  const longName = 'Wow '.repeat(16).trim();
  const body = { username: 'a.username.as.long.as.there.is.x', displayName: longName, password };
  await request(server.url, 'POST', '/register', { body });
  for (const viewport of [
    { width: 320, height: 640 },
    { width: 640, height: 400 },
  ]) {
    const guest = await Visitor.signIn(browser, server.url, 'ivo', { viewport });
    const { page } = guest;
    await page.goto(server.url);
    await page.locator('.room-link', { hasText: 'general' }).click();
    await guest.say(`${'unbroken'.repeat(60)} https://example.org/${'long/'.repeat(40)}`);
    await guest.isSent('unbroken');
    assert.deepEqual(await cutOff(page), []);
    assert.ok(await guest.composer.isVisible());
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill(longName);
    await page.locator('[role="option"]', { hasText: longName }).waitFor();
    assert.deepEqual(await cutOff(page), []);
    await guest.leave();
  }
});

/** What reaches over the right edge of the page. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter(it => it.checkVisibility() && !it.closest('.visually-hidden, .skip-link, pre'))
      .filter(it => it.getBoundingClientRect().right > innerWidth + 1)
      .map(it => it.className),
  );
}
