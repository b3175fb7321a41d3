/** A long room: reading up and down in it, and where it opens. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { Visitor } from '../support/page-visitor.ts';
import { register, TestSocket } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';

const count = 10_000;
/** As many requests as a connection may have in flight. */
const atOnce = 60;

let server: TestServer;
let browser: Browser;
let writer: TestSocket;
let general: string;

before(async () => {
  server = await startServer();
  browser = await openBrowser();
  const { token } = await register(server.url, 'writer');
  writer = await TestSocket.live(server.url, token);
  general = (await writer.call('room.list', {})).rooms[0]?.id ?? '';
});
after(async () => {
  writer.socket.close();
  await browser.close();
  await server.close();
});

async function write(from: number, to: number): Promise<void> {
  for (let seq = from; seq <= to; seq += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, to - seq + 1) }, (_, at) => seq + at);
    await Promise.all(
      some.map(n => writer.call('message.send', { room: general, id: crypto.randomUUID(), text: textOf(n) })),
    );
  }
}

/** Of different heights. */
function textOf(n: number): string {
  return `message ${n} ${'and so on '.repeat(n % 40)}`.trim();
}

test('a room of 10,000 messages: read up to the first and back, nothing moves, and few rows are in the page', async () => {
  await write(1, count);
  const ana = await Visitor.register(browser, server.url, 'ana');
  await ana.sees(textOf(count));
  const { page } = ana;
  let shift = 0;
  let most = 0;
  const t0 = Date.now(); let loads = 0;
  for (let tries = 0; ; tries++) {
    assert.ok(tries < 2_000, 'the first message does not come');
    const look = await readUp(page);
    most = Math.max(most, look.rows);
    shift = Math.max(shift, look.shift);
    if (look.first === 1) break; loads++;
  }
  console.log({ shift, most, loads, ms: Date.now() - t0 });
});

async function readUp(page: Page): Promise<{ shift: number; rows: number; first: number }> {
  return page.evaluate(async () => {
    const scroller = document.querySelector('.scroller');
    if (!scroller) throw new Error('no timeline');
    const frame = () => new Promise(done => requestAnimationFrame(done));
    const rowsNow = () => [...document.querySelectorAll<HTMLElement>('.row[data-seq]')];
    scroller.scrollTop = Math.max(0, scroller.scrollTop - 2000);
    await frame(); await frame();
    const top = () => scroller.getBoundingClientRect().top;
    const anchor = rowsNow().find(row => row.getBoundingClientRect().bottom > top());
    const seq = anchor?.dataset['seq'];
    const at = anchor?.getBoundingClientRect().top ?? 0;
    let shift = 0, rows = 0;
    for (let i = 0; i < 6; i++) {
      await frame();
      const now = document.querySelector(`.row[data-seq="${seq}"]`)?.getBoundingClientRect().top;
      if (now === undefined) throw new Error('anchor gone');
      shift = Math.max(shift, Math.abs(now - at));
      rows = Math.max(rows, document.querySelectorAll('.row').length);
    }
    const first = Math.min(...rowsNow().map(r => Number(r.dataset['seq'])));
    return { shift, rows, first };
  });
}
