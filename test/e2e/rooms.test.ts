/** Rooms: made, found, joined, left; people invited and removed; names changed; links. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageScene } from '../support/page-scene.ts';
import type { Visitor } from '../support/page-visitor.ts';

let ana: Visitor;
let bruno: Visitor;
const scene = pageScene(async scene => {
  ana = await scene.register('ana', { displayName: 'Ana Souza' });
  bruno = await scene.register('bruno', { displayName: 'Bruno Lima' });
});

async function makeRoom(
  visitor: Visitor,
  name: string,
  kind: 'Everyone' | 'Invited people only',
): Promise<void> {
  const { page } = visitor;
  await page.getByRole('button', { name: 'New room' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel(kind).check();
  await page.getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

test('two people register and talk in a public room', async () => {
  await ana.say('Bom dia!');
  await bruno.sees('Bom dia!');
  await bruno.say('Bom dia, Ana!');
  await ana.sees('Bom dia, Ana!');
  await ana.isSent('Bom dia!');
  await bruno.isSent('Bom dia, Ana!');
  assert.deepEqual(await ana.texts(), ['Bom dia!', 'Bom dia, Ana!']);
  assert.deepEqual(await bruno.texts(), await ana.texts());
});

test('a private room: invite, talk, remove; who is out sees that there is no such room', async () => {
  await makeRoom(ana, 'plans', 'Invited people only');
  const { page } = ana;
  await page.getByRole('button', { name: /Room details/ }).click();
  await page.getByRole('button', { name: 'Invite someone' }).click();
  await page.getByLabel('Name or username').fill('bru');
  await page.getByRole('button', { name: 'Invite: Bruno Lima' }).click();
  await page.locator('.rows-list').last().getByText('@bruno').waitFor();
  // What the page says meanwhile can be heard and put away, though the dialog keeps everything else out of reach.
  const news = page.getByRole('dialog').getByRole('status').filter({ hasText: 'Bruno Lima is in.' });
  await news.getByRole('button', { name: 'Close' }).click();
  await news.waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await bruno.open('plans');
  await ana.say('just us');
  await bruno.sees('just us');
  await page.getByRole('button', { name: /Room details/ }).click();
  await page.getByRole('button', { name: 'Remove: Bruno Lima' }).click();
  await page.getByRole('button', { name: 'Remove Bruno Lima from the room?' }).click();
  await bruno.page.getByRole('heading', { name: 'There’s no such room' }).waitFor();
  assert.equal(await bruno.page.locator('.room-link', { hasText: 'plans' }).count(), 0);
  await page.keyboard.press('Escape');
});

test('a public room is found, joined by its link, renamed by its owner, and left', async () => {
  await makeRoom(ana, 'kitchen', 'Everyone');
  await ana.say('there is cake');
  await ana.isSent('there is cake');
  await bruno.page.goto(ana.page.url());
  await bruno.page.getByRole('button', { name: 'Join room' }).click();
  await bruno.sees('there is cake');
  await ana.page.getByRole('button', { name: /Room details/ }).click();
  await ana.page.getByLabel('Name', { exact: true }).fill('canteen');
  await ana.page.getByLabel('Topic').fill('What we eat');
  await ana.page.getByRole('button', { name: 'Save' }).click();
  await bruno.page.getByRole('heading', { level: 1, name: 'canteen' }).waitFor();
  await bruno.page.locator('.room-topic', { hasText: 'What we eat' }).waitFor();
  await ana.page.keyboard.press('Escape');
  await bruno.page.getByRole('button', { name: /Room details/ }).click();
  await bruno.page.getByRole('button', { name: 'Leave room' }).click();
  await bruno.page.getByRole('button', { name: 'Leave room' }).click();
  await bruno.page.locator('.room-link', { hasText: 'canteen' }).waitFor({ state: 'detached' });
  await bruno.page.getByRole('button', { name: 'Browse rooms' }).click();
  const another = bruno.page.getByRole('button', { name: 'Open: general' });
  await another.waitFor();
  await bruno.page.getByLabel('Part of the name').fill('cant');
  await another.waitFor({ state: 'detached' });
  await bruno.page.getByRole('button', { name: 'Join room: canteen' }).click();
  await bruno.sees('there is cake');
});

test('a direct message by name; it is bold with a count, and in the title, until it is read', async () => {
  await bruno.open('general');
  await ana.page.getByRole('button', { name: 'New direct message' }).click();
  await ana.page.getByLabel('Name or username').fill('Bruno');
  await ana.page.getByRole('button', { name: 'Open: Bruno Lima' }).click();
  await ana.page.getByRole('heading', { level: 1, name: 'Bruno Lima' }).waitFor();
  await ana.say('psst');
  const link = bruno.page.locator('.room-link', { hasText: 'Ana Souza' });
  await link.locator('.count', { hasText: '1' }).waitFor();
  assert.match(await bruno.page.title(), /^\(1\) general/);
  await link.click();
  await bruno.sees('psst');
  await bruno.page.locator('.room-link[data-unread="false"]', { hasText: 'Ana Souza' }).waitFor();
  assert.equal(await bruno.page.title(), 'Ana Souza · papo');
});

test('of an unread room below the end of the list one is told, and brought there; the page itself does not move', async () => {
  await using carla = await scene.register('carla', { viewport: { width: 1100, height: 420 } });
  const { page } = carla;
  for (let n = 1; n <= 9; n++) await makeRoom(carla, `room ${n}`, 'Everyone');
  await carla.open('general');
  const below = page.getByRole('button', { name: 'More unread' });
  await page.locator('.room-link', { hasText: 'room 9' }).waitFor();
  await ana.page.getByRole('button', { name: 'New direct message' }).click();
  await ana.page.getByLabel('Name or username').fill('carla');
  await ana.page.getByRole('button', { name: 'Open: carla' }).click();
  await ana.page.getByRole('heading', { level: 1, name: 'carla' }).waitFor();
  assert.equal(await below.count(), 0);
  await ana.say('down here');
  await below.press('Enter');
  await below.waitFor({ state: 'detached' });
  const link = page.locator('.room-link', { hasText: 'Ana Souza' });
  assert.ok(await link.evaluate(element => element === document.activeElement));
  assert.equal(
    await page.evaluate(() => document.body.scrollTop + (document.scrollingElement?.scrollTop ?? 0)),
    0,
  );
  await page.keyboard.press('Enter');
  await carla.sees('down here');
  assert.deepEqual(carla.oddities, []);
});

test('a room name that is taken is said where it was typed', async () => {
  const { page } = ana;
  await page.getByRole('button', { name: 'New room' }).click();
  await page.getByLabel('Name', { exact: true }).fill('General');
  await page.getByRole('button', { name: 'Create room' }).click();
  await page.locator('.problem', { hasText: 'There is a room with that name already.' }).waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid'), 'true');
  await page.keyboard.press('Escape');
  assert.deepEqual(ana.oddities, []);
  assert.deepEqual(bruno.oddities, []);
});
