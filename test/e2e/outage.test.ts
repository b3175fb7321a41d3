/** A bad network, and a server that dies: what was written goes out once, in order, and one is told how it stands. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { Visitor } from '../support/page-visitor.ts';
import { type ServerProcess, spawnServer } from '../support/server.ts';
import { ShakyNetwork } from '../support/shaky-network.ts';
import { eventually } from '../support/waiting.ts';

let scratch: string;
let server: ServerProcess;
let browser: Browser;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'papo-outage-'));
  browser = await openBrowser();
  server = await spawnServer({ PAPO_DATA_DIR: scratch, PAPO_LOG_LEVEL: 'info' });
});
after(async () => {
  await browser.close();
  await server.end('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
});

/** The same server again: same data, same address. */
async function restart(): Promise<void> {
  const { port } = new URL(server.url);
  await server.end('SIGKILL');
  server = await spawnServer({ PAPO_DATA_DIR: scratch, PAPO_LOG_LEVEL: 'info', PORT: port });
}

/** A network for one test; gone with it, however it ends. */
async function shakyNetwork(context: TestContext): Promise<ShakyNetwork> {
  const network = await ShakyNetwork.to(server.url);
  context.after(() => network.close());
  return network;
}

test('three messages written without a network survive a reload and arrive once each, in order', async context => {
  const network = await shakyNetwork(context);
  const ana = await Visitor.register(browser, network.url, 'ana');
  const bruno = await Visitor.register(browser, server.url, 'bruno');
  await ana.say('before');
  await bruno.sees('before');
  await ana.isKept();
  network.down();
  for (const text of ['one', 'two', 'three']) await ana.say(text);
  const notice = ana.page.locator('.notice-bar');
  await notice.getByText('Reconnecting…').waitFor();
  await notice.getByText('3 waiting').waitFor();
  await ana.page.reload();
  await notice.getByText('Reconnecting…').waitFor();
  network.up();
  await bruno.sees('three');
  await ana.isSent('three');
  await notice.getByText('Everything up to here has arrived.').waitFor();
  const expected = ['before', 'one', 'two', 'three'];
  assert.deepEqual(await bruno.texts(), expected);
  assert.deepEqual(await ana.texts(), expected);
  assert.deepEqual([...ana.oddities, ...bruno.oddities], []);
  await ana.leave();
  await bruno.leave();
});

test('“Retry now” tries at once, while the page still waits for its next turn', async context => {
  const network = await shakyNetwork(context);
  const bia = await Visitor.register(browser, network.url, 'bia');
  const { clock } = bia.page;
  await clock.install();
  network.down();
  await bia.page.locator('.notice-bar').getByText('Reconnecting…').waitFor();
  await clock.pauseAt(Date.now() + 3_600_000);
  network.up();
  await bia.page.getByRole('button', { name: 'Retry now' }).click();
  await eventually('a connection', () => network.hasAnswered('101 Switching Protocols'));
  await clock.resume();
  await bia.page.locator('.notice-bar').getByText('Everything up to here has arrived.').waitFor();
  await bia.leave();
});

test('the browser says that it is offline, and then that it is not; on a phone above the list, too', async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const eva = await Visitor.register(browser, server.url, 'eva', phone);
  await eva.page.locator('.room-link', { hasText: 'general' }).waitFor();
  const notice = eva.page.locator('.notice-bar');
  await eva.context.setOffline(true);
  await notice.getByText('You are offline.').waitFor();
  await eva.context.setOffline(false);
  await notice.getByText('Everything up to here has arrived.').waitFor();
  await eva.leave();
});

test('a server killed in the middle: what was being said arrives once each, in order', async () => {
  const carla = await Visitor.register(browser, server.url, 'carla');
  const davi = await Visitor.register(browser, server.url, 'davi');
  const said = Array.from({ length: 20 }, (_, at) => `number ${at}`);
  const saying = (async () => {
    for (const text of said) await carla.say(text);
  })();
  await davi.sees('number 3');
  await restart();
  await saying;
  await davi.sees('number 19');
  await carla.isSent('number 19');
  const heard = (await davi.texts()).filter(text => text.startsWith('number'));
  assert.deepEqual(heard, said);
  assert.deepEqual(
    (await carla.texts()).filter(text => text.startsWith('number')),
    said,
  );
  await carla.leave();
  await davi.leave();
});
