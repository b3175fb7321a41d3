/** Abuse 43: what people write is text, in every place where it is shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageScene } from '../support/page-scene.ts';
import { password, request, TestSocket } from '../support/people.ts';

const hostile = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '"><svg/onload=alert(1)>',
  '[click](javascript:alert(1))',
  'javascript:alert(1)',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '![x](http://evil.example/x.png)',
  '[data](data:text/html,<script>alert(1)</script>)',
  '`<b>` **<img src=x onerror=alert(1)>** <a href="javascript:alert(1)">x</a>',
] as const;
const [img, , svg] = hostile;
/** As it is shown. When the last one is there, all are. */
const endOfLast = '<a href="javascript:alert(1)">x</a>';
/** Looks like a tag that closes the one it stands in. */
const name = `${svg}${img}`;
const roomName = `${name} room`;

const scene = pageScene();

test('[abuse 43] hostile messages, names, room names and topics are shown as text in every place', async () => {
  const { body } = await request<{ token: string }>(scene.url, 'POST', '/register', {
    body: { username: 'mallory', password, displayName: name.slice(0, 64) },
  });
  const mallory = scene.undo.adopt(await TestSocket.live(scene.url, body.token), it => it.close());
  await using ana = await scene.register('ana', { displayName: img });
  const { page } = ana;
  await page.locator('.room-link', { hasText: 'general' }).waitFor();
  const { room } = await mallory.call('room.create', { name: roomName, topic: img });
  const { users } = await mallory.call('user.find', { query: 'ana' });
  await mallory.call('room.invite', { room: room.id, user: users[0]?.id ?? '' });
  const direct = await mallory.call('direct.open', { username: 'ana' });
  for (const text of hostile) {
    await mallory.call('message.send', { room: room.id, id: crypto.randomUUID(), text });
    await mallory.call('message.send', { room: direct.room.id, id: crypto.randomUUID(), text });
  }

  await ana.open(roomName);
  await ana.sees(endOfLast);
  assert.equal(await page.locator('.room-topic').innerText(), img);
  const shown = await ana.texts();
  for (const text of hostile.slice(0, -1))
    assert.ok(shown.includes(text), `shown as it was written: ${text}`);
  assert.ok(shown.includes('<b> <img src=x onerror=alert(1)> <a href="javascript:alert(1)">x</a>'));
  await ana.say(img);
  await ana.isSent(img);

  // The places where names stand: head, list, dialogs, switcher, title, notices.
  assert.ok((await page.title()).includes(roomName));
  await page.getByRole('button', { name: /Room details/ }).click();
  await page.locator('.rows-list', { hasText: svg }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+k');
  await page.locator('.switcher-list', { hasText: svg }).waitFor();
  await page.keyboard.type('"><svg');
  await page.locator('.switcher-list [aria-selected="true"]', { hasText: svg }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Browse rooms' }).click();
  await page.locator('.rows-list', { hasText: svg }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.room-link:has(.avatar)').click();
  await page.locator('h1', { hasText: name }).waitFor();
  await ana.sees(endOfLast);
  await mallory.call('message.send', { room: direct.room.id, id: crypto.randomUUID(), text: `${img} now` });
  await page.locator('[data-announcer]', { hasText: `${img} now` }).waitFor();

  const made = await page.evaluate(() => ({
    elements: document.querySelectorAll(
      'img, iframe, object, embed, script:not([src]), .text svg, [onerror], [onload]',
    ).length,
    links: [...document.querySelectorAll('a')].map(link => link.protocol).filter(it => !/^https?:$/.test(it)),
  }));
  assert.deepEqual(made, { elements: 0, links: [] });
  assert.deepEqual(ana.oddities, []);
});
