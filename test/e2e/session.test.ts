/** Signing in and out, several tabs, drafts, looks and languages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { pageScene } from '../support/page-scene.ts';
import { password, register, request } from '../support/people.ts';

const scene = pageScene();

test('what is wrong with a sign-in is said, and what was typed stays', async () => {
  await register(scene.url, 'ana');
  await using ana = await scene.come();
  const { page } = ana;
  await page.getByLabel('Username').fill('ana');
  await page.getByLabel('Password', { exact: true }).fill('wrong password');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('Wrong username or password.').waitFor();
  assert.equal(await page.getByLabel('Username').inputValue(), 'ana');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await page.locator('.problem', { hasText: 'That username is taken.' }).waitFor();
  await page.waitForFunction(() => document.activeElement?.matches('[name="username"]'));
  await page.getByLabel('Username').fill('a b');
  await page.keyboard.press('Enter');
  await page.locator('.problem', { hasText: 'A username has 3 to 32 letters' }).waitFor();
});

test('a reload keeps one signed in; signing out ends it here, in another tab too, and nothing is left', async () => {
  await using bia = await scene.register('bia');
  const { page, context } = bia;
  await bia.composer.fill('half a sent');
  await bia.hasKept(1, 'drafts');
  const other = await context.newPage();
  await other.goto(scene.url);
  await other.locator('.me-username', { hasText: '@bia' }).waitFor();
  await page.reload();
  await page.locator('.me-username', { hasText: '@bia' }).waitFor();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Sign out on this device' }).click();
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  await other.getByText('You were signed out.').waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  await bia.hasKept(0, 'drafts');
  assert.deepEqual(await context.cookies(), []);
  assert.deepEqual(bia.oddities, []);
});

test('signing out on all devices ends the others too', async () => {
  await using jo = await scene.register('joana');
  await using phone = await scene.signIn('joana');
  await phone.composer.waitFor();
  await jo.page.getByRole('button', { name: 'Settings' }).click();
  await jo.page.getByRole('button', { name: 'Sign out on all devices' }).click();
  await jo.page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  assert.equal(await jo.page.getByText('You were signed out.').count(), 0);
  await phone.page.getByText('You were signed out.').waitFor();
  assert.deepEqual(await jo.context.cookies(), []);
});

test('the link of the first administrator makes one of who opens it and signs in, and leaves the address', async () => {
  const { claimUrl = '' } = scene.server;
  assert.match(claimUrl, /\/administrator#.{20,}$/);
  const { token } = await register(scene.url, 'olga');
  await using olga = await scene.come();
  await olga.page.goto(claimUrl);
  await olga.signIn('olga');
  await olga.wasTold('You are an administrator now.');
  assert.doesNotMatch(olga.page.url(), /#/);
  const { body } = await request<{ administrator?: boolean }>(scene.url, 'GET', '/me', { token });
  assert.equal(body.administrator, true);
  await olga.page.getByRole('button', { name: 'People' }).click();
  await olga.page.locator('.account', { hasText: '@olga' }).getByText('administrator').waitFor();
  assert.equal(await olga.page.locator('.toast').count(), 0);
  assert.deepEqual(olga.oddities, []);
});

test('a draft stays with its room, through another room and a reload', async () => {
  await using carla = await scene.register('carla');
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
  await carla.hasKept(0, 'drafts');
  await page.reload();
  await carla.sees('not finished');
  assert.equal(await carla.composer.inputValue(), '');
});

test('two tabs of one person show the same, and read in one is read in the other', async () => {
  await using davi = await scene.register('davi');
  await using eva = await scene.register('eva');
  const other = await davi.context.newPage();
  await other.goto(scene.url);
  await other.locator('.me-username', { hasText: '@davi' }).waitFor();
  await davi.say('from one tab');
  await other.locator('.row .text', { hasText: 'from one tab' }).waitFor();
  await eva.sees('from one tab');
  await eva.say('seen');
  await davi.sees('seen');
  for (const page of [davi.page, other]) {
    await page.locator('.row .text', { hasText: 'seen' }).waitFor();
    await page.locator('.room-link[data-unread="false"]', { hasText: 'general' }).waitFor();
    assert.deepEqual(await page.locator('.row .text').allInnerTexts(), ['from one tab', 'seen']);
  }
});

test('theme and language are chosen, and are there before the first paint of the next visit', async () => {
  await using fabio = await scene.register('fabio');
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
});

test('in a Brazilian browser the page speaks Portuguese; the days are "Hoje" and "Ontem"', async () => {
  await using gil = await scene.register('gil');
  await gil.say('oi');
  await gil.isSent('oi');
  const contextOptions = { locale: 'pt-BR', timezoneId: 'America/Sao_Paulo' };
  await using helena = await scene.come(contextOptions);
  const { page } = helena;
  await page.getByRole('button', { name: 'Criar conta' }).click();
  await page.getByLabel('Usuário').fill('helena');
  await page.getByLabel('Senha', { exact: true }).fill(password);
  await page.locator('form').getByRole('button', { name: 'Criar conta' }).click();
  await helena.sees('oi');
  const at = Date.parse((await page.locator('time').first().getAttribute('datetime')) ?? '');
  await page.clock.install({ time: at });
  await page.reload();
  await helena.sees('oi');
  assert.equal(await page.locator('.day').first().innerText(), 'Hoje');
  await page.clock.setSystemTime(at + 24 * 60 * 60 * 1000);
  await page.reload();
  await helena.sees('oi');
  assert.equal(await page.locator('.day').first().innerText(), 'Ontem');
});

test('on a phone a room takes the whole page, Back closes it, and what is touched is 44 px', async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  await using ivo = await scene.register('ivo', phone);
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
  await using eva = await scene.signIn('eva');
  await eva.say('while the list is open');
  await page.locator('.room-link[data-unread="true"]', { hasText: 'general' }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/');
  await ivo.open('general');
  await page.goBack();
  await page.locator('.room-link', { hasText: 'general' }).waitFor();
});

test('at 200 % zoom and at 320 px nothing is cut off sideways', async () => {
  const longName = 'Wow '.repeat(16).trim();
  const body = { username: 'a.username.as.long.as.there.is.x', displayName: longName, password };
  await request(scene.url, 'POST', '/register', { body });
  for (const viewport of [
    { width: 320, height: 640 },
    { width: 640, height: 400 },
  ]) {
    await using guest = await scene.signIn('ivo', { viewport });
    const { page } = guest;
    await page.goto(scene.url);
    await page.locator('.room-link', { hasText: 'general' }).click();
    const own = `${viewport.width}${'unbroken'.repeat(60)}`;
    await guest.say(`${own} https://example.org/${'long/'.repeat(40)}`);
    await guest.isSent(own);
    assert.deepEqual(await cutOff(page), []);
    assert.ok(await guest.composer.isVisible());
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill(longName);
    await page.locator('[role="option"]', { hasText: longName }).waitFor();
    assert.deepEqual(await cutOff(page), []);
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
