/** A server with a newer page: who has the old one kept gets the new one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pageScene } from '../support/page-scene.ts';
import { Visitor } from '../support/page-visitor.ts';

const scene = pageScene();
/** The page that the door hands out has another title, and the worker that keeps it another name. */
let isNewer = false;

/** A door before the server's own. @returns its address. */
async function openDoor(context: TestContext): Promise<string> {
  const door = createServer(async ({ url = '/' }, response) => {
    const { headers, status, ...answer } = await fetched(url);
    response.writeHead(status, headers).end(answer.body);
  }).listen(0, '127.0.0.1');
  context.after(() => {
    door.close();
    door.closeAllConnections();
  });
  await once(door, 'listening');
  return `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
}

async function fetched(path: string) {
  const answer = await fetch(new URL(path, scene.url));
  const headers = Object.fromEntries(
    [...answer.headers].filter(([name]) => !/^(?:content-(?:length|encoding)|connection|etag)$/.test(name)),
  );
  const body = Buffer.from(await answer.arrayBuffer());
  const isPage = path === '/' || path === '/index.html' || path === '/sw.js';
  const newer = () =>
    body.toString().replace('<title>papo', '<title>newer papo').replaceAll('papo-', 'newer-');
  return { status: answer.status, headers, body: isNewer && isPage ? newer() : body };
}

test('a newer page is offered to who has the old one open, and replaces it when they wish', async context => {
  const url = await openDoor(context);
  await using guest = await Visitor.come(scene.browser, url);
  const { page } = guest;
  await guest.isKept();
  isNewer = true;
  await page.reload();
  await page.getByText('New version').waitFor();
  assert.equal(await page.title(), 'papo');
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.waitForFunction(() => document.title === 'newer papo');
  assert.deepEqual(guest.oddities, []);
});
