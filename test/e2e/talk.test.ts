/** Two people register at the page, and talk. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { Visitor } from '../support/page-visitor.ts';
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

test('two people register and talk in a public room', async () => {
  const ana = await Visitor.register(browser, server.url, 'ana', { displayName: 'Ana Souza' });
  const bruno = await Visitor.register(browser, server.url, 'bruno');
  await ana.say('Bom dia!');
  await bruno.sees('Bom dia!');
  await bruno.say('Bom dia, Ana!');
  await ana.sees('Bom dia, Ana!');
  await ana.isSent('Bom dia!');
  assert.deepEqual(await ana.texts(), ['Bom dia!', 'Bom dia, Ana!']);
  assert.deepEqual(await bruno.texts(), await ana.texts());
  assert.deepEqual([...ana.oddities, ...bruno.oddities], []);
  await ana.leave();
  await bruno.leave();
});
