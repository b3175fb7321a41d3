/** A server with a newer page: who has the old one kept gets the new one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { PageDoor } from '../support/page-door.ts';
import { pageScene } from '../support/page-scene.ts';
import { Visitor } from '../support/page-visitor.ts';
import { password, register } from '../support/people.ts';

const scene = pageScene();

const becomes = (page: Page, version: number) =>
  page.locator(`meta[name="description"][content^="newer ${version}:"]`).waitFor({ state: 'attached' });
const isNewer = async (page: Page) => (await page.locator('meta[content^="newer"]').count()) > 0;

const waitingWorker = async () => (await navigator.serviceWorker.getRegistration())?.waiting;

test('a newer page is offered to who has the old one open, and replaces it when they wish', async () => {
  await using door = await PageDoor.to(scene.url);
  await using guest = await Visitor.come(scene.browser, door.url);
  const { page } = guest;
  await guest.isKept();
  door.version = 1;
  await page.reload();
  await page.getByText('New version').waitFor();
  assert.equal(await isNewer(page), false);
  await page.getByRole('button', { name: 'Reload' }).click();
  await becomes(page, 1);
  assert.deepEqual(guest.oddities, []);
});

test('a page that stays open is told of a newer one when its connection comes back, once, and gets the newest', async () => {
  await using door = await PageDoor.to(scene.url);
  await using ana = await Visitor.register(scene.browser, door.url, 'ana');
  const { page } = ana;
  await ana.isKept();
  await ana.say('before');
  await ana.isSent('before');
  door.version = 1;
  door.cut();
  const offer = page.locator('.toast', { hasText: 'New version' });
  await offer.waitFor();
  const first = await page.evaluateHandle(waitingWorker);
  door.version = 2;
  door.cut();
  await page.waitForFunction(worker => worker?.state === 'redundant', first);
  assert.equal(await offer.count(), 1);
  await offer.getByRole('button', { name: 'Reload' }).click();
  await becomes(page, 2);
  await ana.sees('before');
  assert.deepEqual(ana.oddities, []);
});

test('a page that the server refuses says so in its language, on a phone too; "Reload" brings the server’s own', async () => {
  await using door = await PageDoor.to(scene.url);
  await register(scene.url, 'bia');
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  await using bia = await Visitor.come(scene.browser, door.url, { locale: 'pt-BR', ...phone });
  const { page } = bia;
  await bia.isKept();
  let isRefusing = false;
  // Between the page and the server: makes it one that speaks another protocol.
  await page.routeWebSocket(/\/ws$/, socket => {
    const there = socket.connectToServer();
    there.onMessage(frame => {
      const text = String(frame);
      socket.send(isRefusing ? text.replace('"protocol":1', '"protocol":9') : text);
    });
  });
  await page.reload();
  await page.getByLabel('Usuário').fill('bia');
  await page.getByLabel('Senha', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await page.locator('.room-link', { hasText: 'general' }).waitFor();
  isRefusing = true;
  door.version = 1;
  await page.reload();
  await page.getByRole('heading', { name: 'O servidor não aceita esta conexão' }).waitFor();
  await page.getByText('A página pode estar mais antiga que o servidor').waitFor();
  // What it said itself is for who runs it, and marked as English.
  assert.match(await page.locator('code[lang="en"]').innerText(), /protocol 9/);
  assert.equal(await isNewer(page), false);
  isRefusing = false;
  // The offer of the newer one is there as well.
  await page.locator('#main').getByRole('button', { name: 'Recarregar' }).click();
  await becomes(page, 1);
  await page.locator('.room-link', { hasText: 'general' }).waitFor();
  assert.deepEqual(bia.oddities, []);
});
