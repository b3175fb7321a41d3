/** What a real Chromium does with the cookie and the page's policy: the rules on which the server relies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { pageScene } from './support/page-scene.ts';
import { password } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

let elsewhere: TestServer;
const scene = pageScene(async ({ undo }) => {
  elsewhere = undo.adopt(await startServer(), it => it.close());
});

/** A page of the server's with the policy of all of them: that at an address where there is nothing. */
async function pageOf(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  const answer = await page.goto(`${url}/nowhere`);
  assert.match(answer?.headers()['content-security-policy'] ?? '', /default-src 'none'/);
  return page;
}

type Asked = { status: number | string; body: Record<string, unknown> };

/** In the page: a POST as the SDK makes it. Answers with the status and the body, or that the browser refused. */
function ask(page: Page, url: string, body: object = {}): Promise<Asked> {
  return page.evaluate(
    async ([address, text]) => {
      try {
        const response = await fetch(address, {
          method: 'POST',
          credentials: 'include',
          headers: { 'Content-Type': 'application/json', 'Papo-Refresh-Token': 'cookie' },
          body: text,
        });
        return { status: response.status, body: (await response.json()) as Record<string, unknown> };
      } catch {
        return { status: 'refused', body: {} };
      }
    },
    [url, JSON.stringify(body)] as const,
  );
}

test('[AUTH-13] a page signs in, and stays signed in after a reload, with a cookie that its scripts can not read', async () => {
  await using context = await scene.browser.newContext();
  const page = await pageOf(context, scene.url);
  const registered = await ask(page, `${scene.url}/register`, { username: 'ana', password });
  assert.deepEqual([registered.status, registered.body['refreshToken']], [201, undefined]);
  assert.equal(await page.evaluate('document.cookie'), '');
  const [cookie] = await context.cookies(`${scene.url}/refresh`);
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.path], [true, 'Strict', '/refresh']);
  assert.deepEqual(await context.cookies(`${scene.url}/rooms`), []);
  await page.reload();
  assert.equal((await ask(page, `${scene.url}/refresh`)).status, 200);
});

test('[AUTH-14] a page on another port, which is the same site, gets no use of the cookie', async () => {
  await using context = await scene.browser.newContext({ bypassCSP: true });
  const page = await pageOf(context, scene.url);
  await ask(page, `${scene.url}/register`, { username: 'bia', password });
  const stranger = await pageOf(context, elsewhere.url);
  assert.equal((await ask(stranger, `${scene.url}/refresh`)).status, 'refused');
  const [before] = await context.cookies(`${scene.url}/refresh`);
  // Without the header no leave is needed: the request arrives, with the cookie, and is not understood.
  await stranger.evaluate(
    url => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(() => undefined),
    `${scene.url}/refresh`,
  );
  const [later] = await context.cookies(`${scene.url}/refresh`);
  assert.equal(later?.value, before?.value);
  assert.equal((await ask(page, `${scene.url}/refresh`)).status, 200);
});

test("[abuse 44b] the page's policy lets it open its own socket and no other one", async () => {
  await using context = await scene.browser.newContext();
  const page = await pageOf(context, scene.url);
  const { body } = await ask(page, `${scene.url}/register`, { username: 'caio', password });
  const open = (url: string) =>
    page.evaluate(`new Promise(resolve => {
      document.addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective));
      const socket = new WebSocket('${url.replace('http', 'ws')}/ws', ['papo.v1', 'bearer.${body['token']}']);
      socket.onopen = () => resolve('open');
    })`);
  assert.equal(await open(scene.url), 'open');
  assert.equal(await open(elsewhere.url), 'connect-src');
});

test('[abuse 44b] nothing that is written into the page runs, is loaded or is shown inside another page', async () => {
  await using context = await scene.browser.newContext();
  const page = await pageOf(context, scene.url);
  const violations = await page.evaluate(`(async () => {
    const seen = [];
    document.addEventListener('securitypolicyviolation', event => seen.push(event.effectiveDirective));
    const attempts = [
      () => { document.createElement('script').text = 'document.title = "run"'; },
      () => { document.body.innerHTML = '<img src=x onerror="document.title = 1">'; },
    ];
    const isToldOf = directive => new Promise(resolve => {
      document.addEventListener('securitypolicyviolation', event => event.effectiveDirective === directive && resolve());
    });
    const told = [isToldOf('img-src'), isToldOf('require-trusted-types-for')];
    for (const attempt of attempts) {
      try { attempt(); } catch { seen.push('trusted types'); }
    }
    new Image().src = 'http://127.0.0.1:9/x.png';
    await Promise.all(told);
    return [...new Set(seen)].sort();
  })()`);
  assert.deepEqual(violations, ['img-src', 'require-trusted-types-for', 'trusted types']);
  assert.notEqual(await page.title(), 'run');
});
