/** One contract, every store: the one in memory here, the browser's inside a real Chromium. */
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { memoryOutbox } from '../src/sdk/testing/index.ts';
import { openBrowser } from './support/browser.ts';
import { outboxCases } from './support/outbox-cases.ts';

const inBrowser = `
  import { IndexedDbStore } from './src/sdk/browser/indexed-db-outbox.ts';
  import { outboxCases } from './test/support/outbox-cases.ts';
  globalThis.runCase = (title, name) => outboxCases[title](() => new IndexedDbStore(name));
`;

let browser: Browser | undefined;
let page: Page;

before(async () => {
  const { outputFiles } = await build({
    stdin: { contents: inBrowser, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'iife',
    target: 'es2024',
    write: false,
  });
  browser = await openBrowser();
  page = await browser.newPage();
  await page.route('http://papo.test/**', route => route.fulfill({ contentType: 'text/html', body: '<p>' }));
  await page.goto('http://papo.test/');
  await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
});
after(() => browser?.close());

for (const [title, run] of Object.entries(outboxCases)) {
  test(`in memory: ${title}`, () => {
    const store = memoryOutbox();
    return run(() => store);
  });

  test(`IndexedDB: ${title}`, async () => {
    await page.evaluate(`runCase(${JSON.stringify(title)}, ${JSON.stringify(title)})`);
  });
}
