/** A long room: reading up and down in it, and where it opens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import type { Page } from 'playwright-core';
import type { Grant, Room } from '../../src/contract/objects.ts';
import { appendMessages } from '../../src/server/store/append-messages.ts';
import { pageScene } from '../support/page-scene.ts';
import { register, request, TestSocket } from '../support/people.ts';

const count = 10_000;

let writer: TestSocket;
let general: string;
const scene = pageScene(async ({ url, server, undo }) => {
  const grant = await register(url, 'writer');
  const { body } = await request<{ rooms: Room[] }>(url, 'GET', '/rooms', { token: grant.token });
  general = body.rooms[0]?.id ?? '';
  await fill(server.databaseUrl, grant);
  writer = undo.adopt(await TestSocket.live(url, grant.token), it => it.close());
});

/** As if they had been said one after the other, before anybody was connected: in one batch, as the log takes it. */
async function fill(connectionString: string, { user }: Grant): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const texts = Array.from({ length: count }, (_, at) => textOf(at + 1));
    const batch = texts.map(text => ({ room: general, sender: user, id: crypto.randomUUID(), text }));
    const outcomes = await appendMessages(client, batch);
    assert.ok(outcomes.every(({ outcome }) => outcome === 'stored'));
  } finally {
    await client.end();
  }
}

async function write(from: number, to: number): Promise<void> {
  const texts = Array.from({ length: to - from + 1 }, (_, at) => textOf(from + at));
  await Promise.all(
    texts.map(text => writer.call('message.send', { room: general, id: crypto.randomUUID(), text })),
  );
}

/** Of different heights, some of which nobody guesses. */
function textOf(n: number): string {
  if (n % 10 === 1) return `message ${n} ${'W'.repeat(30)}`;
  if (n % 9 === 2) return `\`\`\`\nmessage ${n}\n\nin code\n\`\`\``;
  return `message ${n} ${'and so on '.repeat(n % 40)}`.trim();
}

test('a room of 10,000 messages: one reads up to the first, nothing moves, and few rows are in the page', async () => {
  await using ana = await scene.register('ana', { viewport: { width: 800, height: 480 } });
  await ana.sees(textOf(count));
  const { shifts, mostRows, pages } = await ana.page.evaluate(readToTheTop, count);
  assert.ok(pages >= count / 100 - 1, `${pages} pages were loaded`);
  assert.ok(shifts.length > pages, `looked ${shifts.length} times while ${pages} pages came`);
  assert.deepEqual(
    shifts.filter(shift => shift !== 0),
    [],
  );
  assert.ok(mostRows > 10 && mostRows < 100, `${mostRows} rows`);
  assert.equal((await ana.texts())[0], textOf(1));
  await ana.page.locator('.scroller').focus();
  await ana.page.keyboard.press('End');
  await ana.sees(textOf(count));
  assert.deepEqual(ana.oddities, []);
});

/** In the page: scrolls to the top of what is there, again and again, and looks at each frame how far what is read moves. */
async function readToTheTop(count: number) {
  const scroller = document.querySelector('.scroller');
  const list = document.querySelector('.rows');
  if (!scroller || !list) throw new Error('there is no timeline');
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const all = () => [...document.querySelectorAll<HTMLElement>('.row[data-seq]')];
  const find = (seq: number) => document.querySelector<HTMLElement>(`.row[data-seq="${seq}"]`);
  /** What is read: the row in the middle. At the edges rows come in that were not there to be read. */
  const inTheMiddle = () => {
    const { top, height } = scroller.getBoundingClientRect();
    const row = all().find(it => it.getBoundingClientRect().bottom > top + height / 2);
    return row && { seq: Number(row.dataset['seq']), top: row.getBoundingClientRect().top };
  };
  const shifts: number[] = [];
  let mostRows = 0;
  let pages = 0;
  while (!find(1)) {
    if (pages > count / 50) throw new Error('the first message does not come');
    const height = list.clientHeight;
    const hasGrown = () => list.clientHeight > height + 500 || find(1) !== null;
    scroller.scrollTop = 0;
    await frame();
    await frame();
    let seen = inTheMiddle();
    for (let frames = 0, after = 0; after < 2; frames++) {
      if (frames > 6_000) throw new Error(`nothing comes before message ${seen?.seq}`);
      await frame();
      const row = seen && find(seen.seq);
      if (seen && row) shifts.push(row.getBoundingClientRect().top - seen.top);
      else if (seen) throw new Error(`message ${seen.seq} has gone out of view`);
      seen = inTheMiddle();
      mostRows = Math.max(mostRows, document.querySelectorAll('.row').length);
      if (hasGrown()) after++;
    }
    pages++;
  }
  return { shifts, mostRows, pages };
}

test('a room opens at the first unread message, marked as new until one leaves; at the end it is read', async () => {
  await using bruno = await scene.register('bruno');
  await bruno.sees(textOf(count));
  const { page } = bruno;
  await page.locator('.room-link[data-unread="false"]', { hasText: 'general' }).waitFor();
  // Away: what is said meanwhile is unread, more than a page of it.
  await page.goto('about:blank');
  await write(count + 1, count + 300);
  await page.goto(scene.url);
  const divider = page.locator('.unread-divider');
  await divider.waitFor();
  const first = page.locator('.row', { has: divider });
  assert.equal(await first.getAttribute('data-seq'), String(count + 1));
  const more = page.getByRole('button', { name: 'Go to the newest message' });
  await more.getByText(/^2\d\d new$/).waitFor();
  assert.match(await page.title(), /^\(1\)/);
  await more.click();
  await bruno.sees(textOf(count + 300));
  await page.locator('.room-link[data-unread="false"]', { hasText: 'general' }).waitFor();
  await more.waitFor({ state: 'detached' });
  assert.deepEqual(bruno.oddities, []);
});

test('who reads further up is not pulled down by what is said, but told how much', async () => {
  await using carla = await scene.register('carla');
  await carla.sees(textOf(count + 300));
  const { page } = carla;
  const last = count + 300;
  await write(last + 1, last + 1);
  await carla.sees(textOf(last + 1));
  await page.locator('.scroller').focus();
  await page.keyboard.press('PageUp');
  await page.keyboard.press('PageUp');
  const more = page.getByRole('button', { name: 'Go to the newest message' });
  await more.waitFor();
  const before = await placeOfFirst(page);
  await write(last + 2, last + 4);
  await more.getByText('3 new').waitFor();
  assert.deepEqual(await placeOfFirst(page), before);
  await page.keyboard.press('Escape');
  await carla.sees(textOf(last + 4));
  await page.locator('.unread-divider').waitFor();
  await page.locator('.room-link[data-unread="false"]', { hasText: 'general' }).waitFor();
});

test('nothing is read while nobody looks, though it is in view', async () => {
  await using davi = await scene.register('davi');
  const { page } = davi;
  const { room } = await writer.call('direct.open', { username: 'davi' });
  const link = page.locator('.room-link', { hasText: 'writer' });
  await link.click();
  await page.getByRole('heading', { level: 1, name: 'writer' }).waitFor();
  // Browsers that are driven by a program say of every page that it has the focus.
  const look = (isLooking: boolean) =>
    page.evaluate(focus => {
      document.hasFocus = () => focus;
      dispatchEvent(new Event(focus ? 'focus' : 'blur'));
    }, isLooking);
  await look(false);
  await writer.call('message.send', { room: room.id, id: crypto.randomUUID(), text: 'are you there?' });
  await davi.sees('are you there?');
  await link.locator('.count', { hasText: '1' }).waitFor();
  await page.locator('.unread-divider').waitFor();
  await look(true);
  await link.locator('.count').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.unread-divider').count(), 1);
  await davi.open('general');
  await link.click();
  await davi.sees('are you there?');
  assert.equal(await page.locator('.unread-divider').count(), 0);
});

/** Once nothing has moved for some frames: the first row in view, and where it stands. */
function placeOfFirst(page: Page): Promise<{ seq: string | undefined; top: number | undefined }> {
  return page.evaluate(async () => {
    const scroller = document.querySelector('.scroller');
    if (!scroller) throw new Error('there is no timeline');
    const stillFrames = 10;
    for (let still = 0, last = -1; still < stillFrames; still++) {
      await new Promise(done => requestAnimationFrame(done));
      if (scroller.scrollTop !== last) still = 0;
      last = scroller.scrollTop;
    }
    const { top } = scroller.getBoundingClientRect();
    const rows = [...document.querySelectorAll<HTMLElement>('.row[data-seq]')];
    const row = rows.find(it => it.getBoundingClientRect().bottom > top + 1);
    return { seq: row?.dataset['seq'], top: row?.getBoundingClientRect().top };
  });
}
