/** A server with a newer page: who has the old one kept gets the new one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { Visitor } from '../support/page-visitor.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let browser: Browser;
let door: Server;
/** The page that the door hands out has another title, and the worker that keeps it another name. */
let isNewer = false;

before(async () => {
  browser = await openBrowser();
  server = await startServer();
  door = createServer(async ({ url = '/' }, response) => {
    const { headers, status, ...answer } = await fetched(url);
    response.writeHead(status, headers).end(answer.body);
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
});
after(async () => {
  await browser.close();
  door.closeAllConnections();
  door.close();
  await server.close();
});

async function fetched(path: string) {
  const answer = await fetch(new URL(path, server.url));
  const headers = Object.fromEntries(
    [...answer.headers].filter(([name]) => !/^(?:content-(?:length|encoding)|connection|etag)$/.test(name)),
  );
  const body = Buffer.from(await answer.arrayBuffer());
  const isPage = path === '/' || path === '/index.html' || path === '/sw.js';
  const newer = () =>
    body.toString().replace('<title>papo', '<title>newer papo').replaceAll('papo-', 'newer-');
  return { status: answer.status, headers, body: isNewer && isPage ? newer() : body };
}

test('a newer page is offered to who has the old one open, and replaces it when they wish', async () => {
  const { port } = door.address() as AddressInfo;
  const guest = await Visitor.come(browser, `http://127.0.0.1:${port}`);
  const { page } = guest;
  await guest.isKept();
  isNewer = true;
  await page.reload();
  await page.getByText('New version').waitFor();
  assert.equal(await page.title(), 'papo');
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.waitForFunction(() => document.title === 'newer papo');
  assert.deepEqual(guest.oddities, []);
  await guest.leave();
});
